// Whether a signature holds, by the one rule that each suite has (formats, §4).
//
// WebCrypto is left aside on purpose: browsers judge the edge cases of Ed25519 differently, have neither SM2 nor ML-DSA, and
// give none of it to pages without TLS. Nothing here is secret, so time may tell what it likes.

import { joined, same, toNumber, utf8 } from "./bytes.js";
import { sm3 } from "./sm3.js";
import { edwards } from "./vendor/noble-curves/abstract/edwards.js";
import { weierstrass } from "./vendor/noble-curves/abstract/weierstrass.js";
import { sha512 } from "./vendor/noble-hashes/sha2.js";
import { ml_dsa44 } from "./vendor/noble-post-quantum/ml-dsa.js";

const ED25519 = {
  p: 2n ** 255n - 19n,
  n: 2n ** 252n + 27742317777372353535851937790883648493n,
  h: 8n,
  a: 2n ** 255n - 20n,
  d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
  Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
  Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
};
const SM2 = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};
const Edwards = edwards(ED25519);
const Sm2 = weierstrass(SM2);
const SIGNER_ID = utf8("1234567812345678");
const BITS_OF_ID = Uint8Array.of(0, 8 * SIGNER_ID.length);
const UNCOMPRESSED = 4;

const littleEndian = (bytes) => toNumber(bytes.slice().reverse());

/** RFC 8032 without cofactor; no point of small order. */
function ed25519(key, message, signature) {
  const claimed = signature.subarray(0, 32);
  const scalar = littleEndian(signature.subarray(32));
  if (scalar >= ED25519.n) return false;
  const point = Edwards.fromBytes(key);
  const hashed = littleEndian(sha512(joined(claimed, key, message))) % ED25519.n;
  const found = Edwards.BASE.multiplyUnsafe(scalar).subtract(point.multiplyUnsafe(hashed));
  return !point.isSmallOrder() && !found.isSmallOrder() && same(found.toBytes(), claimed);
}

/** GB/T 32918.2 with SM3 and the default signer id. */
function sm2(key, message, signature) {
  const [r, s] = [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32))];
  const sum = (r + s) % SM2.n;
  if (key[0] !== UNCOMPRESSED || r === 0n || r >= SM2.n || s === 0n || s >= SM2.n || sum === 0n) return false;
  const point = Sm2.fromAffine({ x: toNumber(key.subarray(1, 33)), y: toNumber(key.subarray(33)) });
  point.assertValidity();
  const curve = [SM2.a, SM2.b, SM2.Gx, SM2.Gy].map((number) => Sm2.Fp.toBytes(number));
  const identity = sm3(joined(BITS_OF_ID, SIGNER_ID, ...curve, key.subarray(1)));
  const digest = toNumber(sm3(joined(identity, message)));
  const found = Sm2.BASE.multiplyUnsafe(s).add(point.multiplyUnsafe(sum));
  return !found.is0() && (digest + found.toAffine().x) % SM2.n === r;
}

const SUITES = {
  "ed25519": { keyBytes: 32, signatureBytes: 64, holds: ed25519 },
  "sm2": { keyBytes: 65, signatureBytes: 64, holds: sm2 },
  "ml-dsa-44": {
    keyBytes: 1312,
    signatureBytes: 2420,
    holds: (key, message, signature) => ml_dsa44.verify(signature, message, key),
  },
};

/** True or false for any bytes at all. */
export function holds(suite, key, message, signature) {
  const { keyBytes, signatureBytes, holds: judge } = SUITES[suite];
  if (key.length !== keyBytes || signature.length !== signatureBytes) return false;
  try {
    return judge(key, message, signature);
  } catch {
    return false; // the libraries throw at what is no point
  }
}
