// Packets put in order and held until their time.
export {};
