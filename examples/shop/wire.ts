import { isRegion } from './catalogue.ts';
import { BadRequest } from './http.ts';
import type { Basket, PricedLine, Summary } from './paths.ts';

export interface LineRequest {
  id: string;
  quantity: number;
}

export interface PriceRequest {
  region: string;
  lines: LineRequest[];
}

const MOST_LINES = 100;
const MOST_OF_ONE = 99;

/** `{ region, lines: [{ id, quantity }] }`. Throws `BadRequest`. */
export function priceRequestOf(body: unknown): PriceRequest {
  const { region } = record(body);
  if (typeof region !== 'string') throw new BadRequest('region is missing.');
  return { region, lines: lineRequestsOf(body) };
}

/** `{ lines: [{ id, quantity }] }`. Throws `BadRequest`. */
export function lineRequestsOf(body: unknown): LineRequest[] {
  return linesOf(record(body)['lines']).map(lineRequestOf);
}

/** `{ id, quantity }`, a quantity from 1 to 99, 1 when left out. Throws `BadRequest`. */
export function lineRequestOf(value: unknown): LineRequest {
  const { id, quantity = 1 } = record(value);
  if (typeof id !== 'string') throw new BadRequest('id is missing.');
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1 || quantity > MOST_OF_ONE) {
    throw new BadRequest(`quantity is a whole number from 1 to ${MOST_OF_ONE}.`);
  }
  return { id, quantity };
}

/** `{ region, lines }` with priced lines. Throws `BadRequest`. */
export function basketOf(body: unknown): Basket {
  const { region, lines } = record(body);
  if (typeof region !== 'string' || !isRegion(region)) throw new BadRequest('region is missing or unknown.');
  return { region, lines: linesOf(lines).map(pricedLineOf) };
}

export function pricedLinesOf(body: unknown): PricedLine[] {
  return linesOf(record(body)['lines']).map(pricedLineOf);
}

/** The totals that a path answered. Throws `BadRequest`. */
export function summaryOf(body: unknown): Summary {
  const { items, subtotal, shipping, points, total } = record(body);
  if (!isWhole(items) || !isWhole(subtotal) || !isWhole(shipping) || !isWhole(points) || !isWhole(total)) {
    throw new BadRequest('A summary is incomplete.');
  }
  return { items, subtotal, shipping, points, total };
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function pricedLineOf(value: unknown): PricedLine {
  const { id, quantity, unit, discount, tax, total } = record(value);
  const text = typeof id === 'string';
  if (
    !text ||
    !isWhole(quantity) ||
    !isWhole(unit) ||
    !isWhole(discount) ||
    !isWhole(tax) ||
    !isWhole(total)
  ) {
    throw new BadRequest('A priced line is incomplete.');
  }
  return { id, quantity, unit, discount, tax, total };
}

function linesOf(value: unknown): unknown[] {
  if (!Array.isArray(value) || value.length > MOST_LINES)
    throw new BadRequest(`lines is a list of at most ${MOST_LINES}.`);
  return value;
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest('A JSON object is needed.');
  return Object.fromEntries(Object.entries(value));
}
