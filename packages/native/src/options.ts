// Every tunable of this package.

/**
 * Asked of the system for each socket; it may grant less. What a fast peer sends while this process does something else
 * waits here: the kernel charges a packet of 1,500 bytes as 2,304, so that 16 MiB are some 80 ms of 1 Gbit/s. With 4 MiB
 * a flow's first second, when the code is cold, lost packets.
 */
export const RECEIVE_BUFFER_BYTES: number = 16 * 1024 * 1024;
/** The same for what the network does not take at once. */
export const SEND_BUFFER_BYTES: number = 4 * 1024 * 1024;

/** Buffers of one receiving system call: each holds one datagram, or as many as the kernel has merged. */
export const RECEIVE_SLOTS = 8;
/** Datagrams that one such call has brought when the kernel is asked to merge what comes from then on (UDP_GRO). */
export const MERGE_FROM = 4;
/** No UDP datagram and nothing the kernel merges is longer. */
export const RECEIVE_SLOT_BYTES = 65_536;
/** A turn of the event loop takes no more from one socket; what is left is taken in the next. */
export const MAX_BUFFERS_PER_TURN = 32;
export const MAX_DATAGRAMS_PER_TURN = 512;

/** Segments of one GSO send. Linux takes 128, older kernels 64. */
export const MAX_SEGMENTS_PER_SEND = 64;
/** Bytes of one GSO send, below the 65,507 that IPv4 carries. */
export const MAX_GROUP_BYTES = 65_500;
/** Messages of one sendmmsg. */
export const MAX_MESSAGES_PER_SEND = 64;

/** UDP payload that fits an IP packet: RFC 768 with RFC 791 (20 bytes of header) or RFC 8200. */
export const MAX_PAYLOAD_V4 = 65_507;
export const MAX_PAYLOAD_V6 = 65_527;

/** Peers whose address objects a socket keeps; one more, and it forgets all others. A power of two. */
export const MAX_REMOTES = 4096;
/** Destinations whose parsed addresses are kept. */
export const MAX_DESTINATIONS = 1024;
