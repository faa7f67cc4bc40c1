import { packUuid, readSecret } from '../../../admin-router/dialects/credential.js';

describe('a text that carries a whole credential', () => {
  const NATIVE = { id: 'A'.repeat(22), secret: 'b'.repeat(49) };

  it('is read in the form of every product', () => {
    const uuid = '0f7a2c11-52c6-4f39-9d2c-3b1d2a4e5f60';
    const systemLink = `${packUuid(uuid)}${'x'.repeat(20)}`;
    const plexus = `abcdefghijk${'0'.repeat(21)}`;
    const forms: [text: string, pair: { id: string; secret: string }][] = [
      [`lk_${NATIVE.id}_${NATIVE.secret}`, NATIVE],
      [`${NATIVE.id}:${NATIVE.secret}`, NATIVE],
      ['api_0123456789abcdef0:secret:with:colons', { id: '0123456789abcdef0', secret: 'secret:with:colons' }],
      [systemLink, { id: uuid, secret: systemLink }],
      [plexus, { id: 'abcdefghijk', secret: plexus }],
      [Buffer.from('id:secret').toString('base64'), { id: 'id', secret: 'secret' }],
    ];
    for (const [text, pair] of forms) expect(readSecret('lk', text)).toEqual(pair);
  });

  it('is SystemLink’s also where it begins as Latchkey’s own do', () => {
    const uuid = '964fc000-52c6-4f39-9d2c-3b1d2a4e5f60';
    const text = `${packUuid(uuid)}${'_'.repeat(20)}`;
    expect(text.startsWith('lk_')).toBe(true);
    expect(readSecret('lk', text)).toEqual({ id: uuid, secret: text });
  });

  it('is nothing else', () => {
    for (const text of ['', ':', 'id:', ':secret', 'lk_x_y', 'a'.repeat(1_025), '!!', '\ud800', 'aWQ=']) {
      expect(readSecret('lk', text)).toBeNull();
    }
  });
});
