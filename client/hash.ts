/** Two independent 32-bit hashes of a text. Not the hash that flags divide users by: a sample must not follow a cohort. */
export function hashPair(text: string): readonly [number, number] {
  let a = 0x9e3779b1 ^ text.length;
  let b = 0x7f4a7c15 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return [finish(a ^ (b >>> 7)), finish(b ^ (a << 9))];
}

/** A number from 0 to 1, the same for the same text in every process. */
export function share(text: string): number {
  return hashPair(text)[0] / 2 ** 32;
}

/** Spreads every bit of the input over all bits of the result (the finalizer of MurmurHash3). */
function finish(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
