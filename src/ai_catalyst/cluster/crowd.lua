-- Who calls one endpoint now. ARGV: op, who, how long one is remembered in µs: here | gone
local key = KEYS[1]
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', now), '+inf') -- the clock was set back
if ARGV[1] == 'here' then
  redis.call('ZADD', key, string.format('%.0f', now), ARGV[2])
  redis.call('PEXPIRE', key, math.ceil(ARGV[3] / 1000))
else
  redis.call('ZREM', key, ARGV[2])
end
return {redis.call('ZCARD', key)}
