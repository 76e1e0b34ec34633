import { and, eq } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { channelMemory } from './schema.ts';
import type { ChannelMemory } from './store.ts';

/** The memory of channels in PostgreSQL; it goes with its rollout. */
export function createChannelMemory(database: Database): ChannelMemory {
  return {
    async recall({ rolloutId, channel, key }) {
      const [row] = await database.run((queries) =>
        queries
          .select({ value: channelMemory.value })
          .from(channelMemory)
          .where(
            and(
              eq(channelMemory.rolloutId, rolloutId),
              eq(channelMemory.channel, channel),
              eq(channelMemory.key, key),
            ),
          ),
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

    async forget({ rolloutId, channel, key }) {
      await database.run((queries) =>
        queries
          .delete(channelMemory)
          .where(
            and(
              eq(channelMemory.rolloutId, rolloutId),
              eq(channelMemory.channel, channel),
              eq(channelMemory.key, key),
            ),
          ),
      );
    },

    everywhere: (key) =>
      database.run((queries) => queries.select().from(channelMemory).where(eq(channelMemory.key, key))),
  };
}
