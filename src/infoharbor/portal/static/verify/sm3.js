// The hash SM3 (GB/T 32905-2016), which the vendored libraries do not have.

const IV = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];
const left = (word, bits) => (word << (bits & 31)) | (word >>> ((32 - bits) & 31));
const CONSTANTS = Array.from({ length: 64 }, (_, at) => left(at < 16 ? 0x79cc4519 : 0x7a879d8a, at));
const words = new Int32Array(68);

/** The 32 bytes of the hash. */
export function sm3(message) {
  const whole = new Uint8Array((Math.ceil((message.length + 9) / 64)) * 64);
  whole.set(message);
  whole[message.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setBigUint64(whole.length - 8, BigInt(message.length) * 8n);
  const state = Int32Array.from(IV);
  for (let at = 0; at < whole.length; at += 64) compress(state, view, at);
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => digest.setInt32(4 * place, word));
  return new Uint8Array(digest.buffer);
}

function compress(state, view, start) {
  for (let at = 0; at < 16; at++) words[at] = view.getInt32(start + 4 * at);
  for (let at = 16; at < 68; at++) {
    const mixed = words[at - 16] ^ words[at - 9] ^ left(words[at - 3], 15);
    words[at] = mixed ^ left(mixed, 15) ^ left(mixed, 23) ^ left(words[at - 13], 7) ^ words[at - 6];
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < 64; at++) {
    const turned = left(a, 12);
    const one = left((turned + e + CONSTANTS[at]) | 0, 7);
    const most = at < 16 ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const chosen = at < 16 ? e ^ f ^ g : (e & f) | (~e & g);
    const first = (most + d + (one ^ turned) + (words[at] ^ words[at + 4])) | 0;
    const second = (chosen + h + one + words[at]) | 0;
    [d, c, b, a] = [c, left(b, 9), a, first];
    [h, g, f, e] = [g, left(f, 19), e, second ^ left(second, 9) ^ left(second, 17)];
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => { state[place] ^= word; });
}
