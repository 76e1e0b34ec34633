import { homedir } from 'node:os';
import { join } from 'node:path';
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidegate');
console.log(JSON.stringify({ temporal: join(cache, 'temporal/temporal'), prometheus: join(cache, 'prometheus/prometheus'), promtool: join(cache, 'prometheus/promtool') }));
