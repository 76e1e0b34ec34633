import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from '../plans/failures.ts';

const Address = z.email();

/**
 * The addresses of a file: one on each line, `#` begins a comment. The file is read for each message, so that who is
 * added hears of the next one. @throws Failure CHANNEL_FAILED, with the lines that are no address
 */
export async function addressesIn(path: string, channel: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure('CHANNEL_FAILED', `Channel ${channel}: the list of addresses cannot be read`, {
      where: path,
      cause,
    });
  });
  const lines = text.split(/\r?\n/).map((line, index) => ({
    number: index + 1,
    address: line.replace(/(^|\s)#.*$/, '').trim(),
  }));
  const given = lines.filter(({ address }) => address !== '');
  const wrong = given.filter(({ address }) => !Address.safeParse(address).success);
  if (wrong.length > 0) {
    throw new Failure('CHANNEL_FAILED', `Channel ${channel}: the list of addresses has other lines`, {
      where: path,
      details: wrong.slice(0, 5).map(({ number }) => `line ${number} is no mail address`),
    });
  }
  return given.map(({ address }) => address);
}
