import { InvalidArgumentError } from 'commander';

/** A number of the command line; a percent sign after it says nothing. */
export function number(text: string): number {
  const value = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It is no number.');
  return value;
}
