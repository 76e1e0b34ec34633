import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from '../plans/failures.ts';

const Address = z.email();

/**
 * The addresses of a file: one on each line, `#` begins a comment. The file is read for each message, so that who is
 * added hears of the next one. @throws Failure CHANNEL_FAILED, with the lines that are no address
 */
export async function addressesIn(path: string, channel: string): Promise<string[]> {
  const lines = await linesIn(path, channel);
  refuseOthers(lines, { path, channel, addresses: (text) => [text] });
  return lines.map(({ text }) => text);
}

/**
 * The addresses of tenants: on each line the tenant and its addresses, between blanks or commas. One tenant may have several
 * lines. @throws Failure CHANNEL_FAILED, with the lines that are none of this
 */
export async function tenantAddressesIn(path: string, channel: string): Promise<Map<string, string[]>> {
  const lines = await linesIn(path, channel);
  const split = (text: string) => text.split(/[\s,]+/);
  refuseOthers(lines, { path, channel, addresses: (text) => split(text).slice(1) });
  const found = new Map<string, string[]>();
  for (const { text } of lines) {
    const [tenant = '', ...addresses] = split(text);
    found.set(tenant, [...(found.get(tenant) ?? []), ...addresses]);
  }
  return found;
}

interface Line {
  number: number;
  text: string;
}

async function linesIn(path: string, channel: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure('CHANNEL_FAILED', `Channel ${channel}: the list of addresses cannot be read`, {
      where: path,
      cause,
    });
  });
  const lines = text.split(/\r?\n/).map((line, index) => ({
    number: index + 1,
    text: line.replace(/(^|\s)#.*$/, '').trim(),
  }));
  return lines.filter((line) => line.text !== '');
}

function refuseOthers(
  lines: readonly Line[],
  of: { path: string; channel: string; addresses: (text: string) => string[] },
): void {
  const { path, channel } = of;
  const wrong = lines.filter(({ text }) => {
    const addresses = of.addresses(text);
    return addresses.length === 0 || addresses.some((one) => !Address.safeParse(one).success);
  });
  if (wrong.length > 0) {
    throw new Failure('CHANNEL_FAILED', `Channel ${channel}: the list of addresses has other lines`, {
      where: path,
      details: wrong.slice(0, 5).map(({ number }) => `line ${number} is no mail address`),
    });
  }
}
