import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { Failure } from '../plans/failures.ts';

/** PEM files, or the PEM itself. */
export interface TlsFiles {
  cert: string;
  key: string;
}

/** The certificate and its key as they are read now. @throws Failure CONFIG_INVALID */
export function readTls({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  const read = { cert: pem(cert, 'flags.tls.cert'), key: pem(key, 'flags.tls.key') };
  try {
    createSecureContext(read);
  } catch (cause) {
    throw new Failure('CONFIG_INVALID', 'The certificate and its key cannot be used.', {
      where: 'flags.tls',
      cause,
    });
  }
  return read;
}

function pem(file: string, where: string): Buffer {
  if (file.includes('-----BEGIN')) return Buffer.from(file);
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new Failure('CONFIG_INVALID', `The file ${file} cannot be read.`, { where, cause });
  }
}
