import type { Category, Product, Region } from './catalogue.ts';
import type { Line, PricedLine } from './paths.ts';

/** The old pricing engine: one line after the other, its rules spelled out in code. */
export function priceOld(region: Region, lines: readonly Line[]): PricedLine[] {
  return lines.map(({ product, quantity }) => {
    const unit = regionalPrice(product.list, region);
    const gross = unit * quantity;
    const discount = discountOf(product, quantity, gross);
    const tax = perMille(gross - discount, taxRate(region, product.category));
    return { id: product.id, quantity, unit, discount, tax, total: gross - discount + tax };
  });
}

function regionalPrice(list: number, region: Region): number {
  if (region === 'us-east') return perMille(list, 1_080);
  if (region === 'ap-south') return perMille(list, 870);
  if (region === 'eu-north') return perMille(list, 1_040);
  return list;
}

/** The campaign takes 10 %, then the quantity 3, 5 or 8 % of what is left. */
function discountOf(product: Product, quantity: number, gross: number): number {
  const campaign = product.onSale ? perMille(gross, 100) : 0;
  let rate = 0;
  if (quantity >= 10) rate = 80;
  else if (quantity >= 5) rate = 50;
  else if (quantity >= 3) rate = 30;
  return campaign + perMille(gross - campaign, rate);
}

function taxRate(region: Region, category: Category): number {
  switch (region) {
    case 'eu-west':
      return category === 'books' ? 70 : category === 'tea' ? 70 : 190;
    case 'eu-north':
      return category === 'books' ? 60 : category === 'tea' ? 120 : 250;
    case 'us-east':
      return category === 'tea' ? 0 : 85;
    case 'ap-south':
      return category === 'books' ? 0 : 180;
  }
}

/** Thousandths of an amount, halves up. */
function perMille(amount: number, rate: number): number {
  return Math.floor((amount * rate + 500) / 1_000);
}
