import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAccess } from '../flags/access.ts';
import { type FlagService, startFlagService } from '../flags/service.ts';
import { type SyncServer, startSync } from '../flags/sync.ts';
import { createDeliveryServer } from '../server/delivery-server.ts';
import { Config } from './config.ts';
import { type DoctorFinding, doctor } from './doctor.ts';
import { certificate, secureDoor } from './doctor-delivery.ts';
import { freePort } from './embedded/ports.ts';

const file = (name: string) =>
  fileURLToPath(new URL(`../test/fixtures/loopback-${name}.pem`, import.meta.url));
const tls = { cert: file('cert'), key: file('key') };
let dataDir: string;
let service: FlagService;
let secure: SyncServer;
let plain: SyncServer;
let closing: (() => Promise<void>)[];
const at = { secure: 0, plain: 0 };

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-doctor-'));
  const logger = pino({ level: 'silent' });
  service = await startFlagService({
    flagStore: null,
    databaseUrl: null,
    dataDir,
    segments: {},
    log: logger,
  });
  secure = await startSync({ service, host: '127.0.0.1', port: 0, tls });
  plain = await startSync({ service, host: '127.0.0.1', port: 0 });
  const delivery = {
    service,
    access: openAccess,
    publicUrl: null,
    limit: null,
    origins: [],
    counts: { one: () => undefined, all: () => undefined },
    now: () => Date.now(),
  };
  closing = [];
  for (const [name, files] of [
    ['secure', tls],
    ['plain', null],
  ] as const) {
    const app = createDeliveryServer(delivery, { logger, tls: files });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const address = app.server.address();
    at[name] = typeof address === 'object' && address !== null ? address.port : 0;
    closing.push(() => app.close());
  }
});
afterAll(async () => {
  for (const close of closing) await close();
  await Promise.all([secure.stop(), plain.stop()]);
  await service.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function look(flags: object): Promise<Map<string, DoctorFinding>> {
  const config = Config.parse({ data: dataDir, channels: {}, flags: { workerSyncPort: 0, ...flags } });
  return new Map((await doctor(config)).map((finding) => [finding.part, finding]));
}

test('OFREP on its own port, the sync stream and their certificate are tried', async () => {
  const found = await look({ httpPort: at.secure, syncPort: secure.port, tls });
  expect(found.get('OFREP (flags.httpPort)')).toMatchObject({
    ok: true,
    target: `https://127.0.0.1:${at.secure}`,
    detail: 'by TLS',
  });
  expect(found.get('flagd sync (server)')).toMatchObject({ ok: true, detail: 'by TLS' });
  expect(found.get('certificate (flags.tls)')).toMatchObject({
    ok: true,
    detail: expect.stringContaining('until 2126-10-28'),
  });
  const open = await look({ httpPort: at.plain, syncPort: plain.port });
  expect(open.get('OFREP (flags.httpPort)')).toMatchObject({
    ok: true,
    target: `http://127.0.0.1:${at.plain}`,
  });
  expect(open.has('certificate (flags.tls)')).toBe(false);
  expect((await look({})).has('OFREP (flags.httpPort)')).toBe(false);
});

test('what is not served, or not by TLS, is said with what to mend', async () => {
  const nobody = await freePort();
  const gone = await look({ httpPort: nobody, tls });
  expect(gone.get('OFREP (flags.httpPort)')).toMatchObject({
    ok: false,
    detail: 'nothing answers there by TLS',
    hint: expect.stringContaining('tidegate server'),
  });
  const mixed = await look({ httpPort: at.plain, syncPort: plain.port, tls });
  expect(mixed.get('OFREP (flags.httpPort)')?.ok).toBe(false);
  expect(mixed.get('flagd sync (server)')).toMatchObject({
    ok: false,
    detail: expect.stringContaining('no TLS there'),
  });
  const wrong = await look({ syncPort: secure.port, tls: { cert: tls.cert, key: tls.cert } });
  expect(wrong.get('certificate (flags.tls)')).toMatchObject({ ok: false });
});

test('a certificate that is over, or is not the one that is shown', async () => {
  expect(() => certificate(tls, Date.parse('2200-01-01'))).toThrow('The certificate ended on 2126-10-28.');
  expect(() => certificate(tls, 0)).toThrow('The certificate begins on 2026-');
  expect(certificate(tls, Date.parse('2126-10-20'))).toContain(': 8 days left');
  const [other = ''] = rootCertificates;
  await expect(secureDoor({ host: '0.0.0.0', port: secure.port }, other)).rejects.toThrow(
    'another certificate',
  );
});
