import { deviceOf } from '../../admin-router/page/src/pages/sessions/device.js';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const WINDOWS = `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT}`;
const ANDROID = `Mozilla/5.0 (Linux; Android 15; SM-S921B) ${WEBKIT}`;
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';

describe('the name of a device', () => {
  it.each([
    [`${WINDOWS} Chrome/141.0.0.0 Safari/537.36`, 'Chrome on Windows'],
    [`${WINDOWS} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`, 'Edge on Windows'],
    [`${WINDOWS} Chrome/141.0.0.0 Safari/537.36 OPR/120.0.0.0`, 'Opera on Windows'],
    [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15`, 'Safari on macOS'],
    [`${MAC.replace(')', '; rv:140.0)')} Gecko/20100101 Firefox/140.0`, 'Firefox on macOS'],
    [`${IPHONE} Version/18.0 Mobile/15E148 Safari/604.1`, 'Safari on iPhone'],
    [`${IPHONE} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1`, 'Chrome on iPhone'],
    [`${IPHONE} FxiOS/140.0 Mobile/15E148 Safari/605.1.15`, 'Firefox on iPhone'],
    [`${ANDROID} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`, 'Samsung Internet on Android'],
    [`${ANDROID} Chrome/141.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
    [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`, 'Chrome on ChromeOS'],
    [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/141.0.0.0 Safari/537.36`, 'Chrome on Linux'],
    ['Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    ['curl/8.5.0', 'curl'],
    ['python-requests/2.32.3', 'Python'],
    ['node', 'Node.js'],
    ['axios/1.7.9', 'Node.js'],
    ['PostmanRuntime/7.43.0', 'Postman'],
    [`Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621`, 'Windows'],
    ['MyBackup 3 (Windows)', 'Windows'],
  ])('of %s is %s', (userAgent, name) => {
    expect(deviceOf(userAgent)).toBe(name);
  });

  it('is what it says of itself where that is not known, cut', () => {
    expect(deviceOf('InventoryRobot/1')).toBe('InventoryRobot/1');
    expect(deviceOf('x'.repeat(1_000))).toBe('x'.repeat(40));
    expect(deviceOf('<script>alert(1)</script>')).toBe('<script>alert(1)</script>');
  });

  it.each([null, '', '   '])('of nothing, %j, is unknown', (userAgent) => {
    expect(deviceOf(userAgent)).toBe('Unknown device');
  });

  it('is found at once, whatever is sent', () => {
    const startedAt = performance.now();
    for (const part of ['Version/1.', 'Mobile/', 'Version/1 Mobile/a ', '<', 'Mac OS X ']) deviceOf(part.repeat(8_000));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
