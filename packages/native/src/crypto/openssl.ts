// The functions of the OpenSSL that Node carries, by name, and the workspace they are called with: every argument
// that is no number lies at a fixed place of one slab. OpenSSL 3.0 or later.
import { NativeError } from '../errors.ts';
import type { Ffi, FfiType, ForeignFunction, Pointer } from '../ffi.ts';
import { checkRange, FOREIGN, type Memory } from '../memory.ts';

/** Bytes that lie in no slab are worked on in pieces of at most this length. */
export const MAX_FOREIGN_BYTES: number = 65_536 + 64;
/** The most additional data that can be authenticated. */
export const MAX_AAD_BYTES = 4096;

// EVP_CIPHER_CTX_ctrl
export const CTRL_GET_TAG = 0x10;
export const CTRL_SET_TAG = 0x11;
export const CTRL_SET_IV_FIXED = 0x12;
export const CTRL_TLS1_AAD = 0x16;

// Where things lie in the workspace.
const LENGTH_AT = 0; // an int or size_t that OpenSSL writes
const IV_AT = 16;
const BLOCK_IN_AT = 32;
const BLOCK_OUT_AT = 48; // 32 bytes: the longest digest
const NAME_AT = 96; // 64 bytes
const KEY_AT = 160; // 96 bytes
const PARAMS_AT = 256; // OSSL_PARAM[2], 40 bytes each
export const SHA_CONTEXT_AT = 384; // SHA_CTX, 96 bytes
export const SHA_TAIL_AT = 480; // two blocks
const OPENING_PARAMS_AT = 640; // OSSL_PARAM[2]
const SEALING_PARAMS_AT = 720; // OSSL_PARAM[3]
const PARAM_NAMES_AT = 840; // `tlsaad`, `tlsivfixed`
const AAD_AT = 896;
/** What masks are made of, and the blocks that come of it. */
const SAMPLES_AT = AAD_AT + MAX_AAD_BYTES;
/** Masks that are made at a time. */
export const MAX_MASKS = 64;
const MASKS_AT = SAMPLES_AT + MAX_MASKS * 16;
export const FOREIGN_AT: number = MASKS_AT + MAX_MASKS * 16;
/** Of the 32-bit words of the workspace. */
export const IV_WORD: number = IV_AT / 4;
export const AAD_WORD: number = AAD_AT / 4;
export const SAMPLES_WORD: number = SAMPLES_AT / 4;
export const MASKS_WORD: number = MASKS_AT / 4;
const WORKSPACE_BYTES = FOREIGN_AT + MAX_FOREIGN_BYTES;
const KEY_ROOM = 96;

const PARAM_BYTES = 40;
const OSSL_PARAM_UTF8_STRING = 4;
const OSSL_PARAM_OCTET_STRING = 5;
/** Of the additional data of a TLS 1.2 record. */
const TLS1_AAD_BYTES = 13;

export class OpenSsl {
  readonly version: string;
  readonly memory: Memory;
  /** Slots of it belong to one call at a time; keys lie in it only while they are handed over. */
  readonly workspace: Uint8Array;
  /** The same, four bytes at a time, the first of them the lowest: so they are on all platforms that Node has. */
  readonly words: Int32Array;
  readonly cipherInit: ForeignFunction;
  readonly cipherUpdate: ForeignFunction;
  readonly cipherFinal: ForeignFunction;
  readonly cipher: ForeignFunction;
  readonly control: ForeignFunction;
  readonly macInit: ForeignFunction;
  readonly macUpdate: ForeignFunction;
  readonly macFinal: ForeignFunction;
  /** SHA1_Update, which is deprecated and may be missing. */
  readonly sha1Update: ForeignFunction | undefined;
  readonly setParameters: ForeignFunction;
  readonly contextOwners: FinalizationRegistry<Pointer>;
  readonly macOwners: FinalizationRegistry<Pointer>;
  /** One function for all contexts, as each keeps it. */
  readonly freeCipherContext: (context: Pointer) => void;
  readonly #functions: Record<OpenSslFunction, ForeignFunction>;
  readonly #ciphers = new Map<string, Pointer>();
  readonly #addresses: readonly (Pointer | undefined)[]; // a mixed array, so that V8 keeps the boxes
  #hmac: Pointer | undefined;

  private constructor(
    memory: Memory,
    functions: Record<OpenSslFunction, ForeignFunction>,
    sha1Update: ForeignFunction | undefined,
    version: string,
  ) {
    this.memory = memory;
    this.version = version;
    this.#functions = functions;
    this.workspace = memory.allocate(WORKSPACE_BYTES);
    this.words = new Int32Array(this.workspace.buffer, this.workspace.byteOffset, WORKSPACE_BYTES >> 2);
    const base = memory.addressOf(this.workspace);
    this.#addresses = [
      undefined,
      base + LENGTH_AT,
      base + IV_AT,
      base + BLOCK_IN_AT,
      base + BLOCK_OUT_AT,
      base + NAME_AT,
      base + KEY_AT,
      base + PARAMS_AT,
      base + AAD_AT,
      base + FOREIGN_AT,
      base + SHA_CONTEXT_AT,
      base + SHA_TAIL_AT,
      base + OPENING_PARAMS_AT,
      base + SEALING_PARAMS_AT,
      base + SAMPLES_AT,
      base + MASKS_AT,
    ];
    this.#layParameters(base);
    this.cipherInit = functions.EVP_CipherInit_ex;
    this.cipherUpdate = functions.EVP_CipherUpdate;
    this.cipherFinal = functions.EVP_CipherFinal_ex;
    this.cipher = functions.EVP_Cipher;
    this.control = functions.EVP_CIPHER_CTX_ctrl;
    this.setParameters = functions.EVP_CIPHER_CTX_set_params;
    this.macInit = functions.EVP_MAC_init;
    this.macUpdate = functions.EVP_MAC_update;
    this.macFinal = functions.EVP_MAC_final;
    this.sha1Update = sha1Update;
    this.freeCipherContext = (context) => void functions.EVP_CIPHER_CTX_free(context);
    this.contextOwners = new FinalizationRegistry(this.freeCipherContext);
    this.macOwners = new FinalizationRegistry((context) => functions.EVP_MAC_CTX_free(context));
  }

  /** OpenSSL, or what is missing. */
  static find(ffi: Ffi, memory: Memory): OpenSsl | string {
    const functions: Partial<Record<OpenSslFunction, ForeignFunction>> = {};
    for (const [name, [result, ...parameters]] of Object.entries(FUNCTIONS)) {
      const found = ffi.find(name, result, ...parameters);
      if (!found) return `${name} is not exported by this program`;
      functions[name as OpenSslFunction] = found;
    }
    const all = functions as Record<OpenSslFunction, ForeignFunction>;
    const [major, minor, patch] = [
      all.OPENSSL_version_major(),
      all.OPENSSL_version_minor(),
      all.OPENSSL_version_patch(),
    ];
    if (major < 3) return `OpenSSL ${major}.${minor} is older than 3.0`;
    const sha1Update = ffi.find('SHA1_Update', 'int', 'pointer', 'pointer', 'size');
    return new OpenSsl(memory, all, sha1Update, `${major}.${minor}.${patch}`);
  }

  get lengthAddress(): Pointer {
    return this.#addresses[1]!;
  }
  get ivAddress(): Pointer {
    return this.#addresses[2]!;
  }
  get blockInAddress(): Pointer {
    return this.#addresses[3]!;
  }
  get blockOutAddress(): Pointer {
    return this.#addresses[4]!;
  }
  get aadAddress(): Pointer {
    return this.#addresses[8]!;
  }
  get shaContextAddress(): Pointer {
    return this.#addresses[10]!;
  }
  get shaTailAddress(): Pointer {
    return this.#addresses[11]!;
  }
  /** Parameters of a context: the 13 bytes where `putAad` puts them; with sealing also the whole nonce. */
  get openingParameters(): Pointer {
    return this.#addresses[12]!;
  }
  get sealingParameters(): Pointer {
    return this.#addresses[13]!;
  }
  get samplesAddress(): Pointer {
    return this.#addresses[14]!;
  }
  get masksAddress(): Pointer {
    return this.#addresses[15]!;
  }
  get foreignAddress(): Pointer {
    return this.#addresses[9]!;
  }

  /** The slot for the nonce, counter block or fixed part: at most 16 bytes. */
  putIv(iv: Uint8Array, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.workspace[IV_AT + i] = iv[i]!;
  }

  putBlock(bytes: Uint8Array, at: number): void {
    for (let i = 0; i < 16; i++) this.workspace[BLOCK_IN_AT + i] = bytes[at + i]!;
  }

  takeBlock(out: Uint8Array, at: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) out[at + i] = this.workspace[BLOCK_OUT_AT + i]!;
  }

  /** The first two bytes of the block that came out, as one number. */
  get firstOfBlock(): number {
    return (this.workspace[BLOCK_OUT_AT]! << 8) | this.workspace[BLOCK_OUT_AT + 1]!;
  }

  /** @throws {NativeError} `BAD_LENGTH` */
  putAad(aad: Uint8Array): void {
    const length = aad.length;
    // The first comparison turns away what is no array and has no length.
    if (!(length >= 0) || length > MAX_AAD_BYTES)
      throw new NativeError('BAD_LENGTH', `${length} bytes of additional data; ${MAX_AAD_BYTES} can be had`);
    if (length > 32) this.workspace.set(aad, AAD_AT);
    else for (let i = 0; i < length; i++) this.workspace[AAD_AT + i] = aad[i]!;
  }

  /** Offset of the additional data in the workspace, for those who write it byte by byte. */
  get aadAt(): number {
    return AAD_AT;
  }

  get ivAt(): number {
    return IV_AT;
  }

  /**
   * Where OpenSSL finds `bytes[at, end)`: where they lie, or in the workspace, where they are copied to; then
   * `takeForeign` brings the result back.
   *
   * @throws {NativeError} `BAD_RANGE`, `BAD_LENGTH`, `BAD_ARGUMENT`
   */
  addressFor(bytes: Uint8Array, at: number, end: number): Pointer {
    checkRange(bytes, at, end);
    const base = this.memory.addressOf(bytes);
    if (base !== FOREIGN) return base + at;
    if (end - at > MAX_FOREIGN_BYTES)
      throw new NativeError(
        'BAD_LENGTH',
        `${end - at} bytes outside a slab; ${MAX_FOREIGN_BYTES} can be had`,
      );
    this.workspace.set(bytes.subarray(at, end), FOREIGN_AT);
    return this.foreignAddress;
  }

  /** Brings back what has become of the bytes that `addressFor` copied to the workspace. */
  takeForeign(bytes: Uint8Array, at: number, end: number): void {
    this.takeForeignFrom(0, bytes, at, end);
  }

  /** Brings back only what lies `skipped` bytes behind the start of the copy. */
  takeForeignFrom(skipped: number, bytes: Uint8Array, at: number, end: number): void {
    const from = FOREIGN_AT + skipped;
    bytes.set(this.workspace.subarray(from, from + (end - at)), at);
  }

  /** A context for `cipher` (`AES-128-GCM`) under `key`, of which no copy stays outside it; undefined if there is no such cipher. */
  newCipherContext(cipher: string, key: Uint8Array, encrypts: boolean): Pointer | undefined {
    const type = this.#fetchCipher(cipher);
    if (type === 0) return undefined;
    const context: Pointer = this.#functions.EVP_CIPHER_CTX_new();
    if (context === 0) throw new NativeError('OUT_OF_MEMORY', 'EVP_CIPHER_CTX_new');
    const ok = this.#withKey(key, (address) =>
      this.cipherInit(context, type, 0, address, 0, encrypts ? 1 : 0),
    );
    if (ok === 1) return context;
    this.#functions.EVP_CIPHER_CTX_free(context);
    this.#functions.ERR_clear_error();
    return undefined;
  }

  /** Padding is on by default for block ciphers; ours are whole blocks. */
  turnOffPadding(context: Pointer): void {
    this.#functions.EVP_CIPHER_CTX_set_padding(context, 0);
  }

  /** AES of one block of zeros: H of GCM. */
  encryptedZeros(key: Uint8Array): Uint8Array {
    const context = this.newCipherContext(`AES-${key.length * 8}-ECB`, key, true);
    if (context === undefined) throw new NativeError('BAD_ALGORITHM', 'AES-ECB');
    this.workspace.fill(0, BLOCK_IN_AT, BLOCK_IN_AT + 16);
    const count = this.cipher(context, this.blockOutAddress, this.blockInAddress, 16);
    this.freeCipherContext(context);
    if (!(count > 0)) throw new NativeError('REFUSED', 'AES');
    const block = this.workspace.slice(BLOCK_OUT_AT, BLOCK_OUT_AT + 16);
    this.workspace.fill(0, BLOCK_OUT_AT, BLOCK_OUT_AT + 16);
    return block;
  }

  /** A context for HMAC-SHA1; undefined if there is none. */
  newHmacSha1Context(key: Uint8Array): Pointer | undefined {
    this.#hmac ??= this.#functions.EVP_MAC_fetch(0, this.#name('HMAC'), 0) as Pointer;
    if (this.#hmac === 0) return undefined;
    const context: Pointer = this.#functions.EVP_MAC_CTX_new(this.#hmac);
    if (context === 0) throw new NativeError('OUT_OF_MEMORY', 'EVP_MAC_CTX_new');
    const parameters = this.#digestParameter('SHA1');
    const ok = this.#withKey(key, (address) => this.macInit(context, address, key.length, parameters));
    if (ok === 1) return context;
    this.#functions.EVP_MAC_CTX_free(context);
    this.#functions.ERR_clear_error();
    return undefined;
  }

  freeMacContext(context: Pointer): void {
    this.#functions.EVP_MAC_CTX_free(context);
  }

  /** Whether an error waits that nobody has read; node:crypto could take it for its own. */
  get hasStaleError(): boolean {
    return this.#functions.ERR_peek_error() !== 0;
  }

  #fetchCipher(name: string): Pointer {
    const known = this.#ciphers.get(name);
    if (known !== undefined) return known;
    const cipher: Pointer = this.#functions.EVP_CIPHER_fetch(0, this.#name(name), 0);
    if (cipher === 0) this.#functions.ERR_clear_error();
    this.#ciphers.set(name, cipher);
    return cipher;
  }

  /** `call` with the address of a copy of the key, which is wiped at once. */
  #withKey(key: Uint8Array, call: (address: Pointer) => number): number {
    if (key.length > KEY_ROOM) throw new NativeError('BAD_KEY', `${key.length} bytes`);
    this.workspace.set(key, KEY_AT);
    const result = call(this.#addresses[6]!);
    this.workspace.fill(0, KEY_AT, KEY_AT + KEY_ROOM);
    return result;
  }

  #name(name: string): Pointer {
    this.#putString(name);
    return this.#addresses[5]!;
  }

  #layParameters(base: Pointer): void {
    const view = new DataView(this.workspace.buffer, this.workspace.byteOffset, this.workspace.byteLength);
    const names = ['tlsaad', 'tlsivfixed'];
    const nameAt = [PARAM_NAMES_AT, PARAM_NAMES_AT + 16];
    for (const [index, name] of names.entries())
      for (let i = 0; i < name.length; i++) this.workspace[nameAt[index]! + i] = name.charCodeAt(i);
    const lay = (at: number, name: number, dataAt: number, bytes: bigint): void => {
      view.setBigUint64(at, BigInt(base + nameAt[name]!), true);
      view.setUint32(at + 8, OSSL_PARAM_OCTET_STRING, true);
      view.setBigUint64(at + 16, BigInt(base + dataAt), true);
      view.setBigInt64(at + 24, bytes, true);
    };
    lay(OPENING_PARAMS_AT, 0, AAD_AT, BigInt(TLS1_AAD_BYTES));
    lay(SEALING_PARAMS_AT, 0, AAD_AT, BigInt(TLS1_AAD_BYTES));
    lay(SEALING_PARAMS_AT + PARAM_BYTES, 1, IV_AT, -1n); // -1: all twelve bytes
  }

  #putString(text: string): void {
    for (let i = 0; i < text.length; i++) this.workspace[NAME_AT + i] = text.charCodeAt(i);
    this.workspace[NAME_AT + text.length] = 0;
  }

  /** `OSSL_PARAM[] { { "digest", UTF8_STRING, name, its length, 0 }, END }` */
  #digestParameter(digest: string): Pointer {
    const view = new DataView(this.workspace.buffer, this.workspace.byteOffset, this.workspace.byteLength);
    this.workspace.fill(0, PARAMS_AT, PARAMS_AT + 80);
    this.#putString(`digest\0${digest}`);
    const name = this.#addresses[5]!;
    view.setBigUint64(PARAMS_AT, BigInt(name), true);
    view.setUint32(PARAMS_AT + 8, OSSL_PARAM_UTF8_STRING, true);
    view.setBigUint64(PARAMS_AT + 16, BigInt(name + 7), true);
    view.setBigUint64(PARAMS_AT + 24, BigInt(digest.length), true);
    return this.#addresses[7]!;
  }
}

const FUNCTIONS = {
  OPENSSL_version_major: ['uint'],
  OPENSSL_version_minor: ['uint'],
  OPENSSL_version_patch: ['uint'],
  ERR_clear_error: ['void'],
  ERR_peek_error: ['size'],
  EVP_CIPHER_fetch: ['pointer', 'pointer', 'pointer', 'pointer'],
  EVP_CIPHER_CTX_new: ['pointer'],
  EVP_CIPHER_CTX_free: ['void', 'pointer'],
  EVP_CIPHER_CTX_set_padding: ['int', 'pointer', 'int'],
  EVP_CIPHER_CTX_ctrl: ['int', 'pointer', 'int', 'int', 'pointer'],
  EVP_CIPHER_CTX_set_params: ['int', 'pointer', 'pointer'],
  EVP_CipherInit_ex: ['int', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'int'],
  EVP_CipherUpdate: ['int', 'pointer', 'pointer', 'pointer', 'pointer', 'int'],
  EVP_CipherFinal_ex: ['int', 'pointer', 'pointer', 'pointer'],
  EVP_Cipher: ['int', 'pointer', 'pointer', 'pointer', 'uint'],
  EVP_MAC_fetch: ['pointer', 'pointer', 'pointer', 'pointer'],
  EVP_MAC_CTX_new: ['pointer', 'pointer'],
  EVP_MAC_CTX_free: ['void', 'pointer'],
  EVP_MAC_init: ['int', 'pointer', 'pointer', 'size', 'pointer'],
  EVP_MAC_update: ['int', 'pointer', 'pointer', 'size'],
  EVP_MAC_final: ['int', 'pointer', 'pointer', 'pointer', 'size'],
} as const satisfies Record<string, readonly [result: FfiType, ...parameters: FfiType[]]>;

type OpenSslFunction = keyof typeof FUNCTIONS;
