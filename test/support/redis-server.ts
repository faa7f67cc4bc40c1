export { type RedisServer, type StartRedisOptions, startRedis } from './redis-process.js';
