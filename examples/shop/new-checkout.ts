import type { Region } from './catalogue.ts';
import type { Basket, Summary } from './paths.ts';

const FREE_FROM = 7_500;
const BASE: Record<Region, number> = { 'eu-west': 490, 'eu-north': 490, 'us-east': 690, 'ap-south': 590 };
const BANDS = [
  { above: 1_000, fee: 200 },
  { above: 5_000, fee: 450 },
  { above: 20_000, fee: 1_200 },
];

/** The new checkout: totals first, then shipping from a table of bands. */
export function summariseNew({ region, lines }: Basket, gramsOf: (id: string) => number): Summary {
  const items = sum(lines.map(({ quantity }) => quantity));
  const subtotal = sum(lines.map(({ total }) => total));
  const grams = sum(lines.map(({ id, quantity }) => gramsOf(id) * quantity));
  const free = items === 0 || subtotal >= FREE_FROM;
  const heavy = sum(BANDS.filter(({ above }) => grams > above).map(({ fee }) => fee));
  const shipping = free ? 0 : BASE[region] + heavy;
  return { items, subtotal, shipping, points: Math.trunc(subtotal / 100), total: subtotal + shipping };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
