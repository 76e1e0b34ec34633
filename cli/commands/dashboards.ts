import { dashboardFiles, inFolder } from '../../app/dashboards.ts';
import type { Context } from '../context.ts';
import { readPlan } from '../plan-file.ts';
import { writePage } from '../write-page.ts';

/** Writes what Grafana and Prometheus show of the rollouts of plans. It asks no server. */
export async function generate(
  context: Context,
  files: readonly string[],
  { out }: { out: string },
): Promise<void> {
  for (const file of files) {
    const { dashboard, rules } = dashboardFiles(await readPlan(file));
    for (const [name, text] of [dashboard, rules]) {
      const path = await inFolder(out, name);
      await writePage(path, text);
      context.tell({ plan: file, file: path });
      context.say([path]);
    }
  }
}
