import { AsyncLocalStorage } from 'node:async_hooks';

/** What the code of a path can ask about the run that it is part of. */
export interface EffectsContext {
  /** True in a shadow, a dark launch and a replay: nothing may be written, mailed or charged. */
  suppressed: boolean;
  /** The same for both paths of one request. */
  idempotencyKey: string;
  /** Told the name of each effect that was not carried out. */
  onSuppressed?: (name: string) => void;
}

const storage = new AsyncLocalStorage<EffectsContext>();

/**
 * Side effects of the running request. Code that writes, mails or charges passes `effects.guard`, and a shadow does
 * none of it; the context follows promises, timers and streams, so the code may be as deep as it likes.
 */
export const effects = {
  /** True where effects must not happen. Outside a dispatcher they always may. */
  suppressed(): boolean {
    return storage.getStore()?.suppressed ?? false;
  },

  /**
   * Carries out `effect` unless effects are suppressed; then the answer is what `instead` gives, or undefined.
   * `effects.guard('charge', () => payments.charge(order))`
   */
  guard,

  /** The key that both paths of this request share; undefined outside a run that has one. Give it to payment providers. */
  idempotencyKey(): string | undefined {
    return storage.getStore()?.idempotencyKey;
  },
};

export interface GuardedEffect<T> {
  name: string;
  /** What the caller gets where the effect is suppressed. */
  instead: () => T;
}

function guard<T>(effect: GuardedEffect<T>, act: () => T): T;
function guard<T>(name: string, act: () => T): T | undefined;
function guard<T>(effect: string | GuardedEffect<T>, act: () => T): T | undefined {
  const context = storage.getStore();
  if (context?.suppressed !== true) return act();
  context.onSuppressed?.(typeof effect === 'string' ? effect : effect.name);
  return typeof effect === 'string' ? undefined : effect.instead();
}

/** Runs `act` with these rules for effects, however deep and however late its code runs. */
export function withEffects<T>(context: EffectsContext, act: () => T): T {
  // A shadow stays one: a dispatcher within a shadowed path must not switch effects on again.
  const suppressed = context.suppressed || effects.suppressed();
  return storage.run({ ...context, suppressed }, act);
}
