import type { Config } from '../../app/config.ts';
import type { Context } from '../context.ts';
import { LiveScreen } from '../render/live-screen.ts';
import { patiently } from '../render/patience.ts';

/** `--config FILE`, else `tidegate.yaml` here, else the defaults. */
export async function loadConfiguration(context: Context): Promise<Config> {
  const { loadConfig } = await import('../../app/load-config.ts');
  return loadConfig(context.configFile);
}

/** The JSON Schema of tidegate.yaml; the same with and without `--json`. */
export async function configSchema(): Promise<void> {
  const { configJsonSchema } = await import('../../app/config-schema.ts');
  process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}

const UNREACHABLE = 3;

export async function doctor(context: Context): Promise<number> {
  const [config, app] = await Promise.all([loadConfiguration(context), import('../../app/doctor.ts')]);
  const findings = await patiently(
    () => 'trying every connection',
    () => app.doctor(config),
  );
  context.tell({ ok: findings.every((finding) => finding.ok), findings });
  context.say(
    findings.flatMap(({ part, target, ok, detail, hint }) => [
      `${ok ? context.ink('good', '✓') : context.ink('bad', '✗')} ${part}  ${target}${detail === '' ? '' : `: ${detail}`}`,
      ...(ok || hint === '' ? [] : [`    ${hint}`]),
    ]),
  );
  return findings.every((finding) => finding.ok) ? 0 : UNREACHABLE;
}

export async function up(context: Context, options: { demo?: boolean; once?: boolean }): Promise<number> {
  const app = await import('../../app/up.ts');
  return app.up({
    config: context.configFile === undefined ? null : await loadConfiguration(context),
    demo: options.demo === true,
    once: options.once === true,
    screen: new LiveScreen(process.stdout, context.ink),
  });
}

export async function worker(context: Context): Promise<number> {
  const [config, app] = await Promise.all([loadConfiguration(context), import('../../app/worker.ts')]);
  return leaving(await app.runWorker(config));
}

export async function server(context: Context): Promise<number> {
  const [config, app] = await Promise.all([loadConfiguration(context), import('../../app/server.ts')]);
  return leaving(await app.runServer(config));
}

/** For the last lines of the log. */
const LAST_MS = 100;

/**
 * Everything was closed in its order. What a library still holds, such as one more try at a receiver of traces that does not
 * answer, does not keep the process.
 */
function leaving(status: number): number {
  setTimeout(() => process.exit(status), LAST_MS).unref();
  return status;
}
