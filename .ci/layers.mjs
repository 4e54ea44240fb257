// The layer check: who may import whom (.dependency-cruiser.cjs). A cruise that saw nothing proves nothing, so the number
// of modules and of imports that it followed is checked as well.
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const { output } = await cruise(
  ['machines', 'runtime', 'examples', 'bench'],
  { ...options, validate: true, ruleSet: { forbidden } },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { violations, totalCruised, totalDependenciesCruised } = output.summary;
for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} → ${to}`);
const rooms = ['machines/', 'runtime/', 'examples/'].filter(
  (room) => !output.modules.some(({ source }) => source.startsWith(room)),
);
if (rooms.length > 0 || totalDependenciesCruised === 0) {
  console.error(`the layer check saw nothing in ${rooms.join(', ') || 'any import'}: it proves nothing`);
  process.exitCode = 1;
}
if (violations.length > 0) process.exitCode = 1;
console.log(`layers: ${totalCruised} modules, ${totalDependenciesCruised} imports, ${violations.length} violations`);
