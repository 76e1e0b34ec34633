import { fileURLToPath } from 'node:url';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Failure } from '../plans/failures.ts';
import type { FlagDocument } from './catalogue.ts';

export interface FlagsRequest {
  providerId: string;
  /** Null: what came is no such request. */
  selector: string | null;
}

/** The library would answer what it cannot read with INTERNAL, as if the fault were here. */
const UNREADABLE: FlagsRequest = { providerId: '', selector: null };

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
    return {
      ...tolerant(method),
      responseSerialize: (message: object) => (message as DocumentMessage).bytes,
    };
  };
  const { GetMetadata: metadata } = service;
  if (metadata === undefined || 'format' in metadata)
    throw new Failure('INTERNAL', 'sync.proto has no GetMetadata.');
  return {
    ...service,
    SyncFlags: written('SyncFlags'),
    FetchAllFlags: written('FetchAllFlags'),
    GetMetadata: tolerant(metadata),
  };
}

function tolerant(method: MethodDefinition<object, object>): MethodDefinition<object, object> {
  return {
    ...method,
    requestDeserialize(bytes) {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return UNREADABLE;
      }
    },
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
