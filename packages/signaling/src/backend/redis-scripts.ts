// What has to happen at once in Redis, in Lua. KEYS are always those of `RoomKeys`, in that order.
//
//   room     hash: next, timestamp, records, bytes      tokens   hash: id -> role, hash, who let it in
//   log      stream: an entry's id is `NEXT-0`, where   members  sorted set: id -> until
//            NEXT is the number behind its last record  written  hash: id -> number appended last
//   rooms    sorted set of all rooms, by when they end  expiry   sorted set of all members: `ROOM ID` -> until

const PRELUDE = `
  local room, log, tokens, members, written, rooms, expiry = unpack(KEYS)
  local name, prefix = ARGV[1], ARGV[2]
  local now, idle = tonumber(ARGV[3]), tonumber(ARGV[4])
  local function use()
    for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], idle) end
    redis.call('ZADD', rooms, now + idle, name)
  end
  local function append(count, bytes, most_records, most_bytes)
    local held = redis.call('HMGET', room, 'next', 'timestamp', 'records', 'bytes')
    local first, size = tonumber(held[1]), #bytes
    local next, timestamp = first + count, math.max(now, tonumber(held[2]))
    local records, total = tonumber(held[3]) + count, tonumber(held[4]) + size
    local id = string.format('%.0f-0', next)
    redis.call('XADD', log, id, 'c', count, 't', string.format('%.0f', timestamp), 'b', bytes)
    while records > count and (records > most_records or total > most_bytes) do
      local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
      if oldest[1] == id then -- others have been removed by somebody else
        records, total = count, size
        break
      end
      redis.call('XDEL', log, oldest[1])
      records, total = records - tonumber(oldest[2][2]), total - #oldest[2][6]
    end
    redis.call('HSET', room, 'next', string.format('%.0f', next), 'timestamp', string.format('%.0f', timestamp),
      'records', records, 'bytes', total)
    use()
    redis.call('PUBLISH', prefix .. 'news:' .. name, next)
    return { tostring(first), string.format('%.0f', timestamp), string.format('%.0f', next) }
  end
`;

/** ARGV: token, most rooms. */
export const CREATE: string = `${PRELUDE}
  if redis.call('EXISTS', room) == 1 then return 'taken' end
  redis.call('ZREMRANGEBYSCORE', rooms, '-inf', now)
  if redis.call('ZCARD', rooms) >= tonumber(ARGV[6]) then return 'full' end
  redis.call('HSET', room, 'next', 0, 'timestamp', 0, 'records', 0, 'bytes', 0)
  local token = cjson.decode(ARGV[5])
  redis.call('HSET', tokens, token.id, token.value)
  use()
  return 'created'
`;

export const DELETE: string = `${PRELUDE}
  if redis.call('DEL', room) == 0 then return 0 end
  for _, id in ipairs(redis.call('ZRANGE', members, 0, -1)) do redis.call('ZREM', expiry, name .. ' ' .. id) end
  redis.call('DEL', log, tokens, members, written)
  redis.call('ZREM', rooms, name)
  redis.call('PUBLISH', prefix .. 'revoked', name)
  redis.call('PUBLISH', prefix .. 'news:' .. name, 0)
  return 1
`;

/** ARGV: token, most tokens. */
export const ADD_TOKEN: string = `${PRELUDE}
  if redis.call('EXISTS', room) == 0 then return 'gone' end
  local token = cjson.decode(ARGV[5])
  if redis.call('HEXISTS', tokens, token.id) == 1 then return 'taken' end
  if redis.call('HLEN', tokens) - redis.call('ZCARD', members) >= tonumber(ARGV[6]) then return 'full' end
  redis.call('HSET', tokens, token.id, token.value)
  use()
  return 'added'
`;

/** ARGV: id. */
export const REVOKE: string = `${PRELUDE}
  if redis.call('ZSCORE', members, ARGV[5]) or redis.call('HDEL', tokens, ARGV[5]) == 0 then return 0 end
  redis.call('PUBLISH', prefix .. 'revoked', name .. ' ' .. ARGV[5])
  return 1
`;

/** ARGV: token, most members, until, count, bytes, most records, most bytes. */
export const ENTER: string = `${PRELUDE}
  if redis.call('EXISTS', room) == 0 then return { 'gone' } end
  local token = cjson.decode(ARGV[5])
  if token.by and redis.call('HEXISTS', tokens, token.by) == 0 then return { 'gone' } end
  if redis.call('HEXISTS', tokens, token.id) == 1 then return { 'taken' } end
  local there = redis.call('ZRANGE', members, 0, -1)
  if #there >= tonumber(ARGV[6]) then return { 'full' } end
  redis.call('HSET', tokens, token.id, token.value)
  redis.call('ZADD', members, ARGV[7], token.id)
  redis.call('ZADD', expiry, ARGV[7], name .. ' ' .. token.id)
  redis.call('HSET', written, token.id, 0)
  return { 'entered', append(tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]))[1], there }
`;

/** ARGV: until, then ids. */
export const KEEP: string = `${PRELUDE}
  local kept = 0
  for i = 6, #ARGV do
    if redis.call('ZSCORE', members, ARGV[i]) then
      redis.call('ZADD', members, 'GT', ARGV[5], ARGV[i])
      redis.call('ZADD', expiry, 'GT', ARGV[5], name .. ' ' .. ARGV[i])
      kept = kept + 1
    end
  end
  if kept > 0 then use() end
  return kept
`;

/** ARGV: id, count, bytes, most records, most bytes. */
export const LEAVE: string = `${PRELUDE}
  redis.call('ZREM', expiry, name .. ' ' .. ARGV[5])
  if redis.call('ZREM', members, ARGV[5]) == 0 then return 0 end
  redis.call('HDEL', tokens, ARGV[5])
  redis.call('HDEL', written, ARGV[5])
  redis.call('PUBLISH', prefix .. 'revoked', name .. ' ' .. ARGV[5])
  append(tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]))
  return 1
`;

/** ARGV: count, bytes, most records, most bytes, expected number or '', writer or '', its first number. */
export const APPEND: string = `${PRELUDE}
  if redis.call('EXISTS', room) == 0 then return { 'gone' } end
  local held = redis.call('HMGET', room, 'next', 'timestamp')
  local count, writer, first = tonumber(ARGV[5]), ARGV[10], tonumber(ARGV[11])
  if writer ~= '' then
    local last = tonumber(redis.call('HGET', written, writer) or nil)
    if not last then return { 'gone' } end
    if first + count - 1 <= last then return { 'repeated', held[1], held[2] } end
    if first ~= last + 1 then return { 'gap', held[1], held[2] } end
  end
  if ARGV[9] ~= '' and ARGV[9] ~= held[1] then return { 'mismatch', held[1], held[2] } end
  if writer ~= '' then redis.call('HSET', written, writer, first + count - 1) end
  local done = append(count, ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]))
  return { 'appended', done[3], done[2], done[1] }
`;

/** Also says that the room is in use. */
export const STATE: string = `${PRELUDE}
  if redis.call('EXISTS', room) == 0 then return {} end
  use()
  return redis.call('HMGET', room, 'next', 'timestamp', 'records')
`;
