import type { Basket, Summary } from './paths.ts';

/** The old checkout: adds up line by line and walks the shipping bands by hand. */
export function summariseOld(basket: Basket, gramsOf: (id: string) => number): Summary {
  let items = 0;
  let subtotal = 0;
  let grams = 0;
  for (const line of basket.lines) {
    items += line.quantity;
    subtotal += line.total;
    grams += gramsOf(line.id) * line.quantity;
  }
  let shipping = 0;
  if (items > 0 && subtotal < 7_500) {
    shipping = basket.region === 'us-east' ? 690 : basket.region === 'ap-south' ? 590 : 490;
    if (grams > 1_000) shipping += 200;
    if (grams > 5_000) shipping += 450;
    if (grams > 20_000) shipping += 1_200;
  }
  return { items, subtotal, shipping, points: Math.floor(subtotal / 100), total: subtotal + shipping };
}
