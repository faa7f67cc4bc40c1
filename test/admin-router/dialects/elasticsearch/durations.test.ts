import { DurationError, parseDuration } from '../../../../admin-router/dialects/elasticsearch/durations.js';

it.each([
  ['1d', 86_400],
  ['2H', 7_200],
  ['3m', 180],
  ['4s', 4],
  ['4S', 4],
  ['1999ms', 1],
  ['1ms', 0],
  ['5000000micros', 5],
  ['7000000000nanos', 7],
  ['106751d', 106_751 * 86_400],
  [' 1d ', 86_400],
])('reads %s as %d s', (text, seconds) => {
  expect(parseDuration(text, 'expiration')).toEqual({ seconds, isPositive: true });
});

it.each(['-1', '0'])('reads %s as no time', (text) => {
  expect(parseDuration(text, 'expiration')).toEqual({ seconds: 0, isPositive: false });
});

it.each([
  ['1x', 'failed to parse setting [expiration] with value [1x] as a time value: unit is missing or unrecognized'],
  ['1w', 'failed to parse setting [expiration] with value [1w] as a time value: unit is missing or unrecognized'],
  ['1M', 'failed to parse setting [expiration] with value [1M] as a time value: unit is missing or unrecognized'],
  ['1y', 'failed to parse setting [expiration] with value [1y] as a time value: unit is missing or unrecognized'],
  ['10', 'failed to parse setting [expiration] with value [10] as a time value: unit is missing or unrecognized'],
  ['', 'failed to parse setting [expiration] with value [] as a time value: unit is missing or unrecognized'],
  ['1.5d', 'failed to parse [1.5d], fractional time values are not supported'],
  [
    '-5d',
    'failed to parse setting [expiration] with value [-5d] as a time value: negative durations are not supported',
  ],
  ['106752d', 'failed to parse [106752d], the longest duration is [106751d]'],
  ['1e3d', 'failed to parse [1e3d]'],
])('refuses %s', (text, message) => {
  expect(() => parseDuration(text, 'expiration')).toThrow(new DurationError(message));
});
