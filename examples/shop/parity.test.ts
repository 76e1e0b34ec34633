import { describe, expect, it } from 'vitest';
import { PRODUCTS, product, REGIONS } from './catalogue.ts';
import { summariseNew } from './new-checkout.ts';
import { priceNew } from './new-pricing.ts';
import { summariseOld } from './old-checkout.ts';
import { priceOld } from './old-pricing.ts';

const QUANTITIES = [1, 2, 3, 4, 5, 9, 10, 37];
const grams = (id: string) => product(id)?.grams ?? 0;

describe.each(REGIONS)('both paths in %s', (region) => {
  it('agree on the price of every product in every quantity band', () => {
    for (const quantity of QUANTITIES) {
      const lines = PRODUCTS.map((product) => ({ product, quantity }));
      expect(priceNew(region, lines)).toEqual(priceOld(region, lines));
    }
  });

  it('agree on the totals of baskets from empty to a pallet', () => {
    for (let size = 0; size <= PRODUCTS.length; size += 3) {
      for (const quantity of QUANTITIES) {
        const lines = priceOld(
          region,
          PRODUCTS.slice(0, size).map((product) => ({ product, quantity })),
        );
        expect(summariseNew({ region, lines }, grams)).toEqual(summariseOld({ region, lines }, grams));
      }
    }
  });
});

it('prices a known basket', () => {
  const book = product('books-1s');
  expect(book).toMatchObject({ list: 1_295, onSale: true });
  // 3 books: 3885, less 10 % = 3496 (389 off), less 3 % = 3391 (105 off), plus 7 % = 237.
  expect(book && priceOld('eu-west', [{ product: book, quantity: 3 }])).toEqual([
    { id: 'books-1s', quantity: 3, unit: 1_295, discount: 494, tax: 237, total: 3_628 },
  ]);
});
