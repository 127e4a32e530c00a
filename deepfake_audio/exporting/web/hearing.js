// What the detector does to a recording before its graph hears it, as the Python library does it.

const LEVEL_SECONDS = 0.01, LOUD_QUANTILE = 0.9, SILENCE_BELOW_DB = 35, DIGITAL_SILENCE_DB = -90, LOWEST_DB = -120;
const LEAST_SOUND_SECONDS = 1, MOST_SILENCE = 0.8;
const CELL_SECONDS = 0.005, FRAME_CELLS = 4, SHORTEST_SECONDS = 0.5, ROUNDING = 1e-10;

/** Mono samples of a file at a rate: the browser decodes and resamples, channels are averaged. */
export async function decoded(bytes, rate) {
  const sound = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes);
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let n = 0; n < mono.length; n++) mono[n] += samples[n] / sound.numberOfChannels;
  }
  return mono;
}

/** Why a recording cannot be judged, or nothing. */
export function refusal(wave, rate) {
  if (wave.length < SHORTEST_SECONDS * rate) return `It lasts ${(wave.length / rate).toFixed(2)} s; at least ${SHORTEST_SECONDS} s are needed.`;
  if (!wave.some(value => value !== 0)) return 'It is silent: every sample is zero, so there is no voice to judge.';
  if (!wave.every(Number.isFinite)) return 'It holds samples that are no numbers.';
  return '';
}

/** Why too little of a recording is sound, or nothing. */
export function tooLittleSound(wave, rate) {
  const share = silenceShare(wave, rate), sound = (1 - share) * wave.length / rate;
  if (sound < LEAST_SOUND_SECONDS) return `Only ${sound.toFixed(1)} s of it is no silence: at least ${LEAST_SOUND_SECONDS} s of speech is needed.`;
  if (share > MOST_SILENCE) return `${(100 * share).toFixed(0)} % of it is silence: there is little that could be judged.`;
  return '';
}

/** Share of the frames that lie far below the loud ones. */
export function silenceShare(wave, rate) {
  const size = Math.max(1, Math.round(LEVEL_SECONDS * rate)), levels = [], lengths = [];
  // The last frame takes what is left over.
  for (let start = 0; start === 0 || start + size <= wave.length; start += size) {
    const end = start + 2 * size > wave.length ? wave.length : start + size;
    let power = 0;
    for (let n = start; n < end; n++) power += wave[n] * wave[n];
    levels.push(Math.max(10 * Math.log10(power / (end - start)), LOWEST_DB));
    lengths.push(end - start);
  }
  const sorted = Float64Array.from(levels).sort(), place = LOUD_QUANTILE * (sorted.length - 1);
  const low = sorted[Math.floor(place)], high = sorted[Math.ceil(place)];
  const least = Math.max(low + (high - low) * (place % 1) - SILENCE_BELOW_DB, DIGITAL_SILENCE_DB);
  return 1 - levels.reduce((sum, level, n) => sum + (level > least ? lengths[n] : 0), 0) / wave.length;
}

/** First sample and end of what lies between the silences at the edges. */
export function bounds(wave, rate, silenceDb) {
  if (silenceDb == null) return [0, wave.length];
  const cell = Math.max(1, Math.round(CELL_SECONDS * rate)), count = Math.ceil(wave.length / cell);
  const sums = new Float64Array(count), squares = new Float64Array(count);
  for (let n = 0; n < wave.length; n++) {
    sums[Math.floor(n / cell)] += wave[n];
    squares[Math.floor(n / cell)] += wave[n] * wave[n];
  }
  const part = cell / (wave.length - (count - 1) * cell);
  sums[count - 1] *= part;
  squares[count - 1] *= part;
  const mean = sums.reduce((a, b) => a + b, 0) / count / cell;
  const at = (values, place, outside) => place < 0 || place >= count ? outside : values[place];
  const power = [], size = FRAME_CELLS * cell;
  let loudest = 0, most = 0;
  for (let frame = 0; frame < count + FRAME_CELLS - 1; frame++) {
    let sum = 0, square = 0;
    for (let place = frame - FRAME_CELLS + 1; place <= frame; place++) {
      sum += at(sums, place, mean * cell);
      square += at(squares, place, mean * mean * cell);
    }
    power.push(square / size - (sum / size) ** 2);
    loudest = Math.max(loudest, power[frame]);
    most = Math.max(most, square / size);
  }
  const least = Math.max(loudest * 10 ** (-silenceDb / 10), ROUNDING * most);
  const first = power.findIndex(value => value > least), last = power.findLastIndex(value => value > least);
  if (first < 0) return [0, wave.length];
  const start = first * cell, end = Math.min((last - FRAME_CELLS + 2) * cell, wave.length);
  const shortest = Math.round(SHORTEST_SECONDS * rate);
  if (end - start >= shortest) return [start, end];
  const widened = Math.max(0, Math.min(Math.floor((start + end - shortest) / 2), wave.length - shortest));
  return [widened, Math.min(wave.length, widened + shortest)];
}

/** Where windows begin: end to end, the last one flush with the end. */
export function windowStarts(samples, window) {
  const starts = [];
  for (let start = 0; start + window <= samples; start += window) starts.push(start);
  if (!starts.length) return [0];
  if (starts.at(-1) + window < samples) starts.push(samples - window);
  return starts;
}

/** P(fake) of a logit. */
export function calibrated(logit, told) {
  return 1 / (1 + Math.exp(-((told?.slope ?? 1) * logit + (told?.offset ?? 0))));
}
