-- One rate of one endpoint (generic cell rate algorithm). Times are µs of this server's clock.
-- ARGV: op, floor, then: lease tolerance cost… | pause time | back cost began
-- `full` is when the bucket is full again, `began` names the busy period that lasts since then.
local op, floor = ARGV[1], tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[1], 'full', 'paused', 'seen', 'began')
local full, paused = tonumber(held[1]), tonumber(held[2])
local seen, began = tonumber(held[3]), tonumber(held[4])
if not full then -- new, idle for long, or lost: then those who ask know what they were given
  full, paused, seen, began = math.min(floor, now + 60e6), 0, now, now
end
if now < seen then -- the clock was set back
  full, paused = full - (seen - now), paused - (seen - now)
end
if full < now then
  full, began = now, now
end
local reply = {now, 0, 0}
if op == 'lease' then
  local tolerance = tonumber(ARGV[3])
  for i = 4, #ARGV do
    local cost = tonumber(ARGV[i])
    reply[i] = math.max(full + cost - math.max(tolerance, cost), paused)
    full = full + cost
  end
elseif op == 'pause' then
  paused = math.max(paused, now + tonumber(ARGV[3]))
  full = math.max(full, paused)
elseif op == 'back' and tonumber(ARGV[4]) == began then
  full = math.max(full - tonumber(ARGV[3]), now, paused)
end
reply[2], reply[3] = began, full
redis.call('HSET', KEYS[1], 'full', string.format('%.17g', full), 'paused',
  string.format('%.17g', paused), 'seen', string.format('%.17g', now), 'began',
  string.format('%.17g', began))
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(full, paused) - now) / 1000) + 60000)
return reply
