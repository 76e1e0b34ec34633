/** ln of the standard normal distribution function, to about 1e-13, also far in the left tail. */
export function lnPhi(z: number): number {
  if (z < -5) return lnTail(-z);
  return Math.log(0.5 * erfc(-z / Math.SQRT2));
}

/** ln(1 - Phi(x)) for x > 5: Laplace's continued fraction of Mills' ratio. */
function lnTail(x: number): number {
  let fraction = x;
  for (let k = 60; k >= 1; k--) fraction = x + k / fraction;
  return -0.5 * x * x - 0.5 * Math.log(2 * Math.PI) - Math.log(fraction);
}

/** Complementary error function by its series around 0 and a continued fraction beyond 2.5. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x > 2.5) {
    let fraction = x;
    for (let k = 80; k >= 1; k--) fraction = x + k / 2 / fraction;
    return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
  }
  let term = x;
  let sum = x;
  for (let k = 1; k < 80; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
