import { ensureCurl } from '../example-app/curl.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { FRAMES } from './frames.js';
import { type Block, blocksOf, documents } from './markdown.js';
import { buildSamples, frameOf, run, type SampleProject } from './sample-project.js';
import { END, SECRET } from './sample-world.js';
import { freePort, movedTo, type ServingSample, serve } from './serving-sample.js';
import { runShell } from './shell.js';

/** Of one sample: as long as a machine that does much besides may take. */
const SAMPLE_TIMEOUT_MS = 60_000;
const ASKS = 'asks the server above';
/** What is drawn, or shown, and no code. */
const NO_CODE = ['text', 'mermaid'];

const blocks = documents().flatMap((document) => blocksOf(document));
/** What the checks must find: a type that is wrong, a program that throws, an answer that is another one. */
const [WRONG_TYPE, THROWS, WRONG_ANSWER] = blocksOf(
  'planted.md',
  `<!-- sample: redis -->

\`\`\`js
import { Redis } from 'ioredis';
const latchkey = createLatchkey({ prefix: 7 });
\`\`\`

\`\`\`js
throw new Error('planted');
\`\`\`

<!-- sample: asks the server above -->

\`\`\`sh
curl -i localhost:3000/orders   # 200
\`\`\`
`,
) as [Block, Block, Block];

const isProgram = ({ language, notRun }: Block) => (language === 'js' || language === 'ts') && notRun === null;
const programs = blocks.filter(isProgram);
const isServer = (block: Block) => isProgram(block) && frameOf(block).after === null;
const shells = blocks.filter(({ language, notRun }) => language === 'sh' && notRun === null);

describe('the samples of the documents', () => {
  let project: SampleProject;
  let redis: RedisServer;
  let environment: Record<string, string>;
  const servers = new Map<string, ServingSample>();

  beforeAll(async () => {
    ensureCurl();
    redis = await startRedis();
    project = buildSamples([...programs, WRONG_TYPE, THROWS]);
    const path = `${project.programs}:${process.env.PATH}`;
    environment = { PATH: path, PROJECT: project.folder, REDIS_URL: redis.url, SESSION_SECRET: SECRET };
  }, 120_000);

  afterAll(async () => {
    for (const server of servers.values()) server.stop();
    project?.remove();
    await redis?.stop();
  });

  it('are all of a kind that is run here, or say why not', () => {
    const strange = blocks.filter(({ language }) => !['js', 'ts', 'sh', ...NO_CODE].includes(language));
    expect(strange.map(({ place, language }) => `${place}: ${language}`)).toEqual([]);
    const unnamed = shells.filter(({ sample }) => sample !== null && ![ASKS, 'redis'].includes(sample));
    expect(unnamed.map(({ place, sample }) => `${place}: ${sample}`)).toEqual([]);
    expect(programs.length).toBeGreaterThan(10);
  });

  it('use every frame', () => {
    expect([...new Set(programs.flatMap(({ sample }) => sample ?? []))].sort()).toEqual(Object.keys(FRAMES).sort());
  });

  it('compile, where one that does not is found', () => {
    const complaints = project.complaints.split('\n').filter((line) => line.includes('error TS'));
    expect(complaints.filter((line) => !line.includes('planted-md'))).toEqual([]);
    expect(complaints.join()).toMatch(/planted-md-3.js.*'number' is not assignable to type 'string'/);
  });

  it('are found where they throw, or are answered otherwise', async () => {
    const { exitCode } = await run(
      process.execPath,
      [project.programOf(THROWS)],
      project.folder,
      environment,
      SAMPLE_TIMEOUT_MS,
    );
    expect(exitCode).toBe(1);
    const first = blocks.find(isServer) as Block;
    const { port } = await serverOf(first);
    const faults = await runShell(WRONG_ANSWER, { environment, port });
    expect(faults.join()).toMatch(/^planted.md:14: curl .*\bstatus 401/s);
  });

  const finite = programs.filter((block) => !isServer(block));

  it.each(finite.map((block) => [block.place, block] as const))(
    '%s does what it says',
    async (_place, block) => {
      const program = movedTo(await freePort(), project.programOf(block));
      const { exitCode, output } = await run(
        process.execPath,
        [program],
        project.folder,
        environment,
        SAMPLE_TIMEOUT_MS,
      );
      const isRight = exitCode === 0 && (frameOf(block).after === '' || output.includes(END));
      expect(isRight ? '' : `exit ${exitCode}: ${output}`).toBe('');
    },
    SAMPLE_TIMEOUT_MS * 2,
  );

  it.each(shells.map((block) => [block.place, block] as const))(
    '%s is answered as its comments say',
    async (_place, block) => {
      const server = block.sample === ASKS ? await serverFor(block) : null;
      const token = /^\w+_\w{22}_\w{49}$/m.exec(server?.output() ?? '')?.[0];
      const shell = { environment: { ...environment, ...(token && { TOKEN: token }) }, port: server?.port ?? null };
      expect(await runShell(block, shell)).toEqual([]);
    },
    SAMPLE_TIMEOUT_MS * 2,
  );

  /** That of the last sample before it that serves. */
  async function serverFor(block: Block): Promise<ServingSample> {
    const above = blocks.slice(0, blocks.indexOf(block)).findLast(isServer);
    if (above === undefined) throw new Error(`${block.place}: no sample above it serves`);
    return await serverOf(above);
  }

  async function serverOf(block: Block): Promise<ServingSample> {
    const known = servers.get(block.place);
    if (known !== undefined) return known;
    const server = await serve(project.programOf(block), environment);
    servers.set(block.place, server);
    return server;
  }
});
