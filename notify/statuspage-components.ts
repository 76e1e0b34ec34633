import { z } from 'zod';
import type { ChannelMemory, MemoryPlace } from '../store/store.ts';

/** From the best to the worst. */
const STATUSES = [
  'operational',
  'under_maintenance',
  'degraded_performance',
  'partial_outage',
  'major_outage',
] as const;
const Status = z.enum(STATUSES);
export type ComponentStatus = z.infer<typeof Status>;

/** What an open incident says of a component. `incident`: its id on the page; null: it is being opened. */
const Claim = z.strictObject({ status: Status, incident: z.string().nullable() });
type Claim = z.infer<typeof Claim>;

interface ComponentParts {
  page: string;
  components: readonly string[];
  /** The channel that keeps the claims. */
  channel: string;
  memory: ChannelMemory;
  /** False: the page has no such open incident any more. */
  isOpen(incident: string): Promise<boolean>;
  /** Sets one component, beside any incident. */
  set(component: string, status: ComponentStatus): Promise<void>;
}

/** Looks at what others have said meanwhile: more of them within one write are not met. */
const LOOKS = 10;

/**
 * The components of a page, which several rollouts may share, also by several channels: each is as bad as the worst open
 * incident says. An incident claims before it writes, and looks again afterwards: of two that write at once the one that wrote
 * late sees the claim of the other and puts it right.
 */
export function createComponents(parts: ComponentParts) {
  const { page, components, channel, memory, isOpen, set } = parts;
  const keyOf = (component: string) => `component ${page}/${component}`;
  const placeOf = (rolloutId: string, component: string): MemoryPlace => ({
    rolloutId,
    channel,
    key: keyOf(component),
  });

  /** As it should be now by all claims; `pruned`: without those whose incident somebody has resolved on the page. */
  async function worst(component: string, { pruned }: { pruned: boolean }): Promise<ComponentStatus> {
    let found: ComponentStatus = 'operational';
    for (const { value, ...place } of await memory.everywhere(keyOf(component))) {
      const claim = Claim.safeParse(JSON.parse(value));
      if (!claim.success) continue;
      const { incident, status } = claim.data;
      if (pruned && incident !== null && !(await isOpen(incident))) await memory.forget(place);
      else if (STATUSES.indexOf(status) > STATUSES.indexOf(found)) found = status;
    }
    return found;
  }

  return {
    /** The rollout's incident says this of all of them. */
    async claim(rolloutId: string, claim: Claim): Promise<void> {
      for (const one of components) await memory.keep(placeOf(rolloutId, one), JSON.stringify(claim));
    },

    /** The rollout's incident is over. */
    async release(rolloutId: string): Promise<void> {
      for (const one of components) await memory.forget(placeOf(rolloutId, one));
    },

    /** What is to be written of each now. */
    async now(how: { pruned: boolean }): Promise<Record<string, ComponentStatus>> {
      const statuses: Record<string, ComponentStatus> = {};
      for (const one of components) statuses[one] = await worst(one, how);
      return statuses;
    },

    /** After `written`: what others have claimed or released meanwhile is put right. Nothing written: all are set. */
    async settle(written: Record<string, ComponentStatus>): Promise<void> {
      for (const one of components) {
        let stands = written[one];
        for (let look = 0; look < LOOKS; look += 1) {
          const should = await worst(one, { pruned: false });
          if (should === stands) break;
          await set(one, should);
          stands = should;
        }
      }
    },
  };
}
