import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { useStore } from '../../store.ts';
import { theme } from '../../theme.ts';
import { countsInWords, type DayCount, dayInWords, totalOf } from './days.ts';

const HEIGHT = 200;
const FONT = '12px system-ui, sans-serif';
const SHORT = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
/** About so many px for a label of a day. */
const LABEL_WIDTH = 70;

interface Colours {
  readonly uses: string;
  readonly failures: string;
  readonly grid: string;
  readonly text: string;
}

/** Bars: refusals on top of uses. The table that can be had instead tells the same to screen readers. */
export function UsageChart({ days }: { readonly days: readonly DayCount[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  const [pointedAt, setPointedAt] = useState<number | null>(null);
  const colourTheme = useStore(theme);

  useEffect(() => {
    const { current: host } = frame;
    if (host === null || probe.current === null) return;
    const options = optionsFor(days, host.clientWidth, coloursOf(probe.current), setPointedAt);
    const plot = new uPlot(options, dataOf(days), host);
    const observer = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT }));
    observer.observe(host);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [days, colourTheme]);

  const pointed = pointedAt === null ? undefined : days[pointedAt];
  return (
    <div class="usage-chart">
      <p class="legend">
        <span class="swatch uses" /> Uses
        <span class="swatch failures" /> Refusals
        <span class="pointed">{pointed && `${dayInWords(pointed.day)}: ${countsInWords(pointed)}`}</span>
      </p>
      <div
        ref={frame}
        class="chart-space"
        role="img"
        aria-label={`Chart of uses and refusals by day: ${countsInWords(totalOf(days))} in all`}
      />
      <div ref={probe} class="probe" aria-hidden="true">
        <i class="uses" />
        <i class="failures" />
        <i class="grid" />
        <i class="text" />
      </div>
    </div>
  );
}

/** Both are drawn from zero: what is drawn first, all together, shows what is not covered by uses. */
function dataOf(days: readonly DayCount[]): uPlot.AlignedData {
  return [
    days.map((_, index) => index),
    days.map(({ uses, failures }) => uses + failures),
    days.map(({ uses }) => uses),
  ];
}

/** A canvas knows neither variables nor `light-dark()`: what they come to here is asked of elements. */
function coloursOf(probe: HTMLElement): Colours {
  const colourOf = (name: string) => getComputedStyle(probe.querySelector(`.${name}`) ?? probe).color;
  return { uses: colourOf('uses'), failures: colourOf('failures'), grid: colourOf('grid'), text: colourOf('text') };
}

function optionsFor(
  days: readonly DayCount[],
  width: number,
  colours: Colours,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.7, 40], radius: 0.15 });
  const series = (colour: string): uPlot.Series => ({
    fill: colour,
    width: 0,
    points: { show: false },
    ...(bars && { paths: bars }),
  });
  return {
    width,
    height: HEIGHT,
    padding: [12, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, days.length - 0.4] },
      y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.1))] },
    },
    axes: [
      {
        stroke: colours.text,
        font: FONT,
        size: 28,
        grid: { show: false },
        ticks: { show: false },
        splits: (plot) => splitsFor(days.length, Math.max(2, Math.floor(plot.width / LABEL_WIDTH))),
        values: (_, indexes) => indexes.map((index) => labelOf(days[index])),
      },
      {
        stroke: colours.text,
        font: FONT,
        size: 48,
        incrs: [
          1,
          2,
          5,
          10,
          20,
          50,
          100,
          200,
          500,
          ...[1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((n) => [n, 2 * n, 5 * n]),
        ],
        values: (_, counts) => counts.map((count) => count.toLocaleString('en', { notation: 'compact' })),
        grid: { stroke: colours.grid, width: 1 },
        ticks: { show: false },
      },
    ],
    series: [{}, series(colours.failures), series(colours.uses)],
    hooks: {
      setCursor: [({ cursor: { idx, left } }) => onPoint(left === undefined || left < 0 ? null : (idx ?? null))],
    },
  };
}

/** Days for labels, evenly, today's among them. */
function splitsFor(count: number, labels: number): number[] {
  const step = Math.max(1, Math.ceil(count / labels));
  const splits: number[] = [];
  for (let at = count - 1; at >= 0; at -= step) splits.unshift(at);
  return splits;
}

function labelOf(day: DayCount | undefined): string {
  return day === undefined ? '' : SHORT.format(new Date(`${day.day}T00:00:00Z`));
}
