-- What is known of one endpoint's health. Times are µs of this server's clock.
-- ARGV: op, who, reset, [time]: look | open | close | probe | abandon | hold
-- Replies: 1 when it is left alone, µs until a probe may pass, µs it asked for, 1 for the probe.
local op, who, reset = ARGV[1], ARGV[2], tonumber(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'until', 'probed', 'prober', 'hold')
local shut, probed = tonumber(held[1]), tonumber(held[2])
local prober, hold, mine = held[3] or '', tonumber(held[4]) or 0, 0
if shut then -- no wait is longer than the reset, whatever was done to the clock
  shut = math.min(shut, now + reset)
end
if probed then
  probed = math.min(probed, now + reset)
end
if op == 'open' and not (shut and shut > now) then
  shut, probed, prober = now + reset, nil, ''
elseif op == 'close' then
  shut, probed, prober = nil, nil, ''
elseif op == 'probe' and shut and shut <= now and not (probed and probed > now) then
  probed, prober, mine = now + reset, who, 1
elseif op == 'abandon' and prober == who then
  probed, prober = nil, ''
elseif op == 'hold' then
  hold = math.max(hold, now + tonumber(ARGV[4]))
end
redis.call('DEL', KEYS[1])
if shut or hold > now then
  local known = {'hold', string.format('%.17g', hold), 'prober', prober}
  for name, moment in pairs({['until'] = shut or false, probed = probed or false}) do
    if moment then
      known[#known + 1] = name
      known[#known + 1] = string.format('%.17g', moment)
    end
  end
  redis.call('HSET', KEYS[1], unpack(known))
  local last = math.max(shut or 0, probed or 0, hold)
  redis.call('PEXPIRE', KEYS[1], math.ceil((last - now + 4 * reset) / 1000) + 1000)
end
local free = math.max(shut or 0, probed or 0)
return {shut and 1 or 0, math.max(0, free - now), math.max(0, hold - now), mine}
