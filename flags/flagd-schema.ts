import { MemoryStorage } from '@openfeature/flagd-core';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * The deepest place (a JSON Pointer) at which a flag set as flagd's providers read it breaks flagd's JSON Schema, by the
 * validator that flagd-core brings along; null where it fits. Flags as an array, which a file of flagd's may hold, are no
 * flag set of a provider.
 */
export function schemaFault(text: string): string | null {
  try {
    new MemoryStorage(silent).setConfigurations(text, true);
    return null;
  } catch (error) {
    return placeIn(String(error));
  }
}

function placeIn(message: string): string {
  const places = [...message.matchAll(/"instancePath": "([^"]*)"/g)].map(([, place = '']) => place);
  return places.toSorted((a, b) => b.split('/').length - a.split('/').length)[0] ?? '';
}
