import { and, eq } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { channelMemory } from './schema.ts';
import type { ChannelMemory } from './store.ts';

type Place = Parameters<ChannelMemory['recall']>[0];

function at({ rolloutId, channel, key }: Place) {
  return and(
    eq(channelMemory.rolloutId, rolloutId),
    eq(channelMemory.channel, channel),
    eq(channelMemory.key, key),
  );
}

/** The memory of channels in PostgreSQL; it goes with its rollout. */
export function createChannelMemory(database: Database): ChannelMemory {
  return {
    async recall(place) {
      const [row] = await database.run((queries) =>
        queries.select({ value: channelMemory.value }).from(channelMemory).where(at(place)),
      );
      return row?.value ?? null;
    },

    async keep(place, value) {
      await database.run((queries) =>
        queries
          .insert(channelMemory)
          .values({ ...place, value })
          .onConflictDoUpdate({
            target: [channelMemory.rolloutId, channelMemory.channel, channelMemory.key],
            set: { value },
          }),
      );
    },

    async forget(place) {
      await database.run((queries) => queries.delete(channelMemory).where(at(place)));
    },

    everywhere: (key) =>
      database.run((queries) => queries.select().from(channelMemory).where(eq(channelMemory.key, key))),
  };
}
