export const CATEGORIES = ['books', 'tea', 'tools', 'toys'] as const;
export type Category = (typeof CATEGORIES)[number];

export const REGIONS = ['eu-west', 'eu-north', 'us-east', 'ap-south'] as const;
export type Region = (typeof REGIONS)[number];

export interface Product {
  id: string;
  name: string;
  category: Category;
  /** List price in cents. */
  list: number;
  grams: number;
  /** Part of the running campaign. */
  onSale: boolean;
}

const KINDS: Record<Category, { names: readonly string[]; list: number; grams: number }> = {
  books: { names: ['Atlas', 'Almanac', 'Reader', 'Primer', 'Codex', 'Ledger'], list: 1_295, grams: 420 },
  tea: { names: ['Assam', 'Sencha', 'Oolong', 'Rooibos', 'Darjeeling', 'Matcha'], list: 649, grams: 110 },
  tools: { names: ['Plane', 'Chisel', 'Mallet', 'Gauge', 'Brace', 'Rasp'], list: 3_499, grams: 780 },
  toys: { names: ['Top', 'Kite', 'Puzzle', 'Blocks', 'Puppet', 'Marbles'], list: 1_849, grams: 350 },
};

const EDITIONS = ['small', 'large'] as const;

/** 48 products; nothing in it changes, so a price is a function of the request alone. */
export const PRODUCTS: readonly Product[] = CATEGORIES.flatMap((category, c) =>
  KINDS[category].names.flatMap((name, n) =>
    EDITIONS.map((edition, e) => {
      const { list, grams } = KINDS[category];
      return {
        id: `${category}-${n + 1}${edition.charAt(0)}`,
        name: `${name} (${edition})`,
        category,
        list: list + n * 137 + e * (list >> 1) + c * 11,
        grams: grams * (e + 1) + n * 15,
        onSale: (n + c + e) % 3 === 0,
      };
    }),
  ),
);

const byId = new Map(PRODUCTS.map((product) => [product.id, product]));

export function product(id: string): Product | undefined {
  return byId.get(id);
}

export function isRegion(text: string): text is Region {
  return REGIONS.some((region) => region === text);
}
