import type { Assignment } from '../assignment.ts';
import type { AssignmentSink } from '../dispatcher-options.ts';
import { hashPair } from '../hash.ts';
import { Delivery, type DeliveryOptions, type DeliveryStatus, type Send } from './delivery.ts';

export interface ExposureOptions extends DeliveryOptions {
  /** The user as the analytics know them, or null to leave them out. Default: the targeting key. */
  user?: (assignment: Assignment) => string | null;
  /** What a user is told once for. Default: the `revision` of the flag's metadata, so once for each stage. */
  version?: (assignment: Assignment) => string;
  /** Users remembered as told, for all flags. Default 200,000. */
  remember?: number;
}

/** A user who was given a variant, as it goes to the analytics. */
export interface Exposure {
  /** Epoch milliseconds. */
  at: number;
  user: string;
  /** The same for the same user, flag, version and variant in every process: receivers take it once. */
  id: string;
  assignment: Assignment;
  version: string;
}

/** Sends each user's assignment once per version of the flag. */
export class Exposures<E> implements AssignmentSink {
  readonly #delivery: Delivery<E>;
  readonly #options: ExposureOptions;
  readonly #toEvent: (exposure: Exposure) => E;
  readonly #most: number;
  // Two halves: when the newer one is full, the older one is forgotten.
  #told = new Set<string>();
  #before = new Set<string>();

  constructor(
    { send, toEvent }: { send: Send<E>; toEvent: (exposure: Exposure) => E },
    options: ExposureOptions,
  ) {
    this.#delivery = new Delivery(send, options);
    this.#options = options;
    this.#toEvent = toEvent;
    this.#most = Math.max(1, (options.remember ?? 200_000) / 2);
  }

  assigned(assignment: Assignment): void {
    const { user: name = ({ user }) => user, version: versionOf = revision } = this.#options;
    if (assignment.errorCode !== undefined) return;
    const user = name(assignment);
    if (user === null || user === '') return;
    const version = versionOf(assignment);
    const id = exposureId([assignment.flag, version, assignment.variant, user]);
    if (this.#told.has(id) || this.#before.has(id)) return;
    const event = this.#toEvent({ at: Date.now(), user, id, assignment, version });
    if (this.#delivery.offer(event)) this.#remember(id);
  }

  status(): DeliveryStatus {
    return this.#delivery.status();
  }

  flush(): Promise<void> {
    return this.#delivery.flush();
  }

  close(): Promise<void> {
    return this.#delivery.close();
  }

  #remember(id: string): void {
    if (this.#told.size >= this.#most) {
      this.#before = this.#told;
      this.#told = new Set();
    }
    this.#told.add(id);
  }
}

/** 32 hexadecimal digits: Mixpanel takes 36 letters, digits and dashes. */
function exposureId(parts: readonly string[]): string {
  const text = JSON.stringify(parts);
  const words = [...hashPair(text), ...hashPair(`again ${text}`)];
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}

function revision({ metadata }: Assignment): string {
  return String(metadata['revision'] ?? '');
}
