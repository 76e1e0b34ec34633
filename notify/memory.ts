import type { ChannelMemory, MemoryPlace } from '../store/store.ts';

/** A memory that ends with the process, for what sends nothing: `doctor` and previews. */
export function createMemory(): ChannelMemory {
  const values = new Map<string, string>();
  const keyOf = ({ rolloutId, channel, key }: MemoryPlace) => JSON.stringify([rolloutId, channel, key]);
  return {
    recall: async (place) => values.get(keyOf(place)) ?? null,
    keep: async (place, value) => void values.set(keyOf(place), value),
    forget: async (place) => void values.delete(keyOf(place)),
    everywhere: async (wanted) =>
      [...values].flatMap(([text, value]) => {
        const [rolloutId, channel, key] = JSON.parse(text) as [string, string, string];
        return key === wanted ? [{ rolloutId, channel, key, value }] : [];
      }),
  };
}
