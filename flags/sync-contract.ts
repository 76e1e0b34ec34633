import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Failure } from '../plans/failures.ts';
import type { FlagDocument } from './catalogue.ts';

export interface FlagsRequest {
  providerId: string;
  selector: string;
}

/** `SyncFlagsResponse` and `FetchAllFlagsResponse`, which are the same on the wire, already written out. */
export interface DocumentMessage {
  bytes: Buffer;
}

const messages = new WeakMap<FlagDocument, DocumentMessage>();

/** One message for all clients: a thousand of them cost one serialization. */
export function messageOf(document: FlagDocument): DocumentMessage {
  const known = messages.get(document);
  if (known !== undefined) return known;
  const text = Buffer.from(document.text);
  // Field 1, of variable length.
  const message = { bytes: Buffer.concat([Buffer.from([0x0a]), varint(text.length), text]) };
  messages.set(document, message);
  return message;
}

/** flagd's sync service, its answers with flags taken as they are. */
export function syncContract(): ServiceDefinition {
  const loaded = loadSync(fileURLToPath(new URL('./sync.proto', import.meta.url)), {
    longs: Number,
    defaults: true,
  });
  const service = loaded['flagd.sync.v1.FlagSyncService'];
  if (service === undefined || 'format' in service)
    throw new Failure('INTERNAL', 'sync.proto defines no sync service.');
  const written = (name: string): MethodDefinition<object, object> => {
    const method = service[name];
    if (method === undefined || 'format' in method)
      throw new Failure('INTERNAL', `sync.proto has no ${name}.`);
    return { ...method, responseSerialize: (message: object) => (message as DocumentMessage).bytes };
  };
  return { ...service, SyncFlags: written('SyncFlags'), FetchAllFlags: written('FetchAllFlags') };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
