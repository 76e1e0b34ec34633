import { PRODUCTS, type Product, REGIONS, type Region } from './catalogue.ts';
import type { Line, PricedLine } from './paths.ts';

interface Terms {
  /** Thousandths of the list price. */
  level: number;
  /** Thousandths by category; `other` for those not named. */
  tax: Readonly<Record<string, number>> & { other: number };
}

const TERMS: Record<Region, Terms> = {
  'eu-west': { level: 1_000, tax: { books: 70, tea: 70, other: 190 } },
  'eu-north': { level: 1_040, tax: { books: 60, tea: 120, other: 250 } },
  'us-east': { level: 1_080, tax: { tea: 0, other: 85 } },
  'ap-south': { level: 870, tax: { books: 0, other: 180 } },
};

const CAMPAIGN = 100;
const QUANTITY_BANDS = [
  { from: 10, rate: 80 },
  { from: 5, rate: 50 },
  { from: 3, rate: 30 },
  { from: 0, rate: 0 },
];

interface Compiled {
  unit: number;
  campaign: number;
  tax: number;
}

/** The new pricing engine: its rules are data, compiled once into what a line needs. */
const compiled = new Map(
  REGIONS.map((region) => [
    region,
    new Map(PRODUCTS.map((product) => [product.id, compile(region, product)])),
  ]),
);

export function priceNew(region: Region, lines: readonly Line[]): PricedLine[] {
  const rules = compiled.get(region);
  return lines.map(({ product, quantity }) => {
    const { unit, campaign, tax: rate } = rules?.get(product.id) ?? compile(region, product);
    const gross = unit * quantity;
    const reduced = gross - share(gross, campaign);
    const net = reduced - share(reduced, QUANTITY_BANDS.find(({ from }) => quantity >= from)?.rate ?? 0);
    const tax = share(net, rate);
    return { id: product.id, quantity, unit, discount: gross - net, tax, total: net + tax };
  });
}

function compile(region: Region, product: Product): Compiled {
  const { level, tax } = TERMS[region];
  return {
    unit: share(product.list, level),
    campaign: product.onSale ? CAMPAIGN : 0,
    tax: tax[product.category] ?? tax.other,
  };
}

function share(amount: number, thousandths: number): number {
  const exact = amount * thousandths;
  const rest = exact % 1_000;
  return (exact - rest) / 1_000 + (rest >= 500 ? 1 : 0);
}
