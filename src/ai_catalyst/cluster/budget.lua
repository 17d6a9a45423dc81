-- One run's money, in 1e-9 USD; times are µs of this server's clock.
-- ARGV: report owner limit floor epoch lease beat number spent reserved give want least granted
--     | bury name
-- Every owner tells absolute sums, and numbers what it asks for: asked twice, done once.
-- An owner holds granted, has spent, has reserved for calls in flight; `first` is what it had
-- spent when it was first heard of. It was opened at `epoch`, and until `calm` nothing is
-- granted, so that owners from before it was lost are heard of first.
local DAYS = 7 * 86400 * 1000
local tally, owners, count = {}, {}, 0
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  if string.sub(held[i], 1, 2) == 'o:' then
    local owner = {}
    for word in string.gmatch(held[i + 1], '%S+') do
      owner[#owner + 1] = tonumber(word)
    end
    owners[string.sub(held[i], 3)] = {granted = owner[1], spent = owner[2], reserved = owner[3],
      ends = owner[4], first = owner[5], number = owner[6]}
  else
    tally[held[i]] = tonumber(held[i + 1])
  end
end
local function keep(name, owner)
  redis.call('HSET', KEYS[1], 'o:' .. name, string.format('%.0f %.0f %.0f %.0f %.0f %.0f',
    owner.granted, owner.spent, owner.reserved, owner.ends, owner.first, owner.number))
end
local function bury(name, owner) -- what its calls may have cost stays spent, the rest comes back
  owner.granted, owner.ends = math.min(owner.granted, owner.spent + owner.reserved), 0
  keep(name, owner)
end
if ARGV[1] == 'bury' then
  for name, owner in pairs(owners) do
    if owner.ends > 0 and string.match(name, '^(.*)#') == ARGV[2] then
      bury(name, owner)
      count = count + 1
    end
  end
  return {count}
end
local name, limit, floor = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local epoch, lease, beat = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local number, spent, reserved = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local give, want, least = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
if not tally.epoch then
  tally = {epoch = now, calm = 0, floor = floor, needed = 0}
  if floor > 0 then
    tally.calm = now + 2 * beat
  end
end
if epoch ~= 0 and epoch ~= tally.epoch then
  tally.calm = math.max(tally.calm, now + 2 * beat)
end
if now < tally.calm then
  tally.floor = math.max(tally.floor, floor)
end
local me = owners[name]
if not me then
  me = {granted = tonumber(ARGV[14]) + give, spent = spent, reserved = reserved, first = spent,
    number = number - 1}
  owners[name] = me
end
local again = number <= me.number
me.ends = now + lease
if not again then
  me.spent, me.reserved, me.number = spent, reserved, number
  me.granted = me.granted - give
end
local base, committed, idle, alive, total = tally.floor, 0, 0, 0, 0
for other, owner in pairs(owners) do
  if owner.ends > 0 and owner.ends < now then
    bury(other, owner)
  end
  base = base - owner.first
  total = total + owner.spent
  local used = owner.spent + owner.reserved
  committed = committed + math.max(owner.granted, used)
  if owner.ends > 0 then
    alive = alive + 1
    if other ~= name then
      idle = idle + math.max(0, owner.granted - used)
    end
  end
end
base = math.max(0, base)
local left = limit - base - committed
if want > 0 and not again and now >= tally.calm then
  local grant = math.max(least, math.min(want, math.floor(left / (2 * alive))))
  if grant <= left then
    me.granted, left = me.granted + grant, left - grant
  elseif idle > 0 then
    tally.needed = now + 3 * beat
  end
end
keep(name, me)
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', tally.epoch), 'calm',
  string.format('%.0f', tally.calm), 'floor', string.format('%.0f', tally.floor), 'needed',
  string.format('%.0f', tally.needed))
redis.call('PEXPIRE', KEYS[1], DAYS)
return {tally.epoch, me.granted, left, idle, math.max(0, tally.calm - now),
  tally.needed > now and 1 or 0, base + total, alive}
