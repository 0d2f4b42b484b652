// Frames as files: IVF and Ogg, as pure functions over bytes.
export {};
