// Frames to packets and back, one format a file.
export {};
