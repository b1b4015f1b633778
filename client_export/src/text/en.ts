/**
 * All that a visitor reads, by the modules that say it. Each other language is a file of this shape: what one lacks is an error
 * of types. `[X]` in the help is a key. Names of units, catalogues and constellations are the same in all languages.
 */
import { counted } from "./plural.ts";

const some = counted("en");

/** All that may be said before the first sky is drawn, in the first chunk. It uses nothing of what is around it. */
export const start = {
  /** For numbers, and for the page. */
  locale: "en",
  again: "Try again",
  /** Files of the site that are damaged, as errors.ts has it: `why` is for who made the site, and English. */
  damaged: (why: string) => why,
  bytes: "bytes",
  loadingStars: (share: string, bytes: string) => `Loading stars: ${share}, ${bytes}`,
  waiting: {
    server: "Waiting for the server…",
    loading: (bytes: string) => `Loading the sky: ${bytes}`,
    failed: (why: string, seconds: number) => `${why}. Trying again in ${seconds} s.`,
    again: "Try again now",
  },
  files: {
    unread: (url: string, why: string) => `${url} cannot be read: ${why}`,
    stalled: (seconds: number) => `nothing came for ${seconds} seconds`,
    status: (status: number) => `the server answered HTTP ${status}`,
    page: "the server answered with a web page instead",
  },
  gpu: {
    none: "This browser offers no WebGL 2, which the stars are drawn with.",
    floats: "This graphics driver cannot draw into 16-bit float pictures, where the stars' light is summed.",
    shaders: (said: string) => `This graphics driver does not take the viewer's shaders: ${said}`,
    splats: (asked: string, taken: string) => `The sky has ${asked} splats, this graphics driver takes ${taken}.`,
  },
};

/** Said where files are read in parts, which may be before all other texts come. */
export const reader = {
  tooLarge: (url: string, megabytes: number) =>
    `${url} has more than ${megabytes} MB, and this server sends whole files only: files of this size need one that sends byte ranges`,
  otherRange: (url: string, from: number, to: number) =>
    `${url} is damaged: the server sent other bytes than ${from} to ${to}`,
  truncated: (url: string, came: number, announced: number | null) =>
    `${url} is truncated or of another pack: ${came} bytes came, not ${announced}`,
};

/** Of messages, which may have to be shown at any time. */
export const notices = {
  away: "Put this message away",
  allAway: "Put these messages away",
  more: (count: number) => `and ${count.toLocaleString("en")} more`,
  lost: "The graphics card is busy elsewhere: the sky comes back as soon as the browser gives it back.",
  reload: "Load the page again",
};

export const en = {
  ...start,
  reader,
  /** Put into index.html, where `data-say` names them. */
  page: {
    sky: "The sky. Drag to look around; keys W, A, S, D, Q and E fly, I tells what is in view.",
    searchHint: "Fly to…",
    search: "Fly to a star, cluster, nebula or galaxy",
    places: "Places",
    exposure: "Exposure",
    auto: "Auto",
    autoTitle: "Exposure by itself, for the light in view",
    names: "Names",
    namesTitle: "Names on the sky (N)",
    back: "Back",
    backTitle: "Back to where you were (Backspace)",
    home: "Sun",
    homeTitle: "Back to the Sun (H)",
    help: "Help",
    helpTitle: "Help (?)",
    pad: "Fly",
    forward: "Forward",
    backward: "Backward",
    slower: "Slower",
    faster: "Faster",
    view: "What is in view?",
    place: "Where you are",
  },
  help: {
    title: "Flying through the stars",
    rows: [
      ["Look around", "drag, or the arrow keys"],
      ["Come nearer", "wheel or two fingers: to what is under the pointer"],
      ["Fly", "[W] [A] [S] [D]; [Q] down, [E] up"],
      ["Speed", "follows the nearest star; [,] slower, [.] faster, [Shift] ten times"],
      ["Zoom", "[Ctrl] + wheel, or [Z] and [X]"],
      ["Exposure", "[+] and [−]; by itself with the button Auto"],
      ["Go somewhere", "[/], type a name, [Enter]"],
      ["What is that?", "click or tap it, or [Enter] for the middle; twice flies there"],
      ["What is in view?", "[I] tells it to a screen reader"],
      ["Names", "[N]"],
      ["Red light, whole screen", "[R], [F]"],
      ["Constellations", "[C]; the menu Show has more to draw"],
      ["Time", "[T]; then [P] plays and pauses, [[] slower or back, []] faster"],
      ["Be flown about", "the button Tours"],
      ["Your own stars", "drop a table (CSV) on the page, or choose it in the menu Show"],
      ["Back to the Sun", "[H]"],
      ["Back to where you were", "[Backspace], or the browser’s own “back”"],
    ] as [string, string][],
    link: "The address of the page holds the view: copy it to share what you see.",
    language: "Language",
    close: "Close",
  },
  notices,
  sun: { name: "Sun", at: "the Sun", about: "Our star, the centre of the map" },
  places: {
    turn: "turn the view there",
    unlit: "no light in this universe",
    unknown: (name: string) => `Nothing here is called “${name}”.`,
    away: (name: string, distance: string) => `${name}   ·   ${distance} away`,
    empty: "No star of it is in this universe: the ring marks its place.",
    star: "Star",
  },
  /** Kinds of places, by what the file of landmarks calls them. */
  kinds: {
    star: "star",
    exoplanet_host: "star with planets",
    double_star: "double star",
    asterism: "asterism",
    open_cluster: "open cluster",
    globular_cluster: "globular cluster",
    nebula: "nebula",
    planetary_nebula: "planetary nebula",
    supernova_remnant: "supernova remnant",
    star_cloud: "star cloud",
    galaxy: "galaxy",
    galactic_center: "centre of the Galaxy",
  },
  search: {
    none: "Nothing of that name here",
    waiting: "Looking…",
    failed: "Search does not work now",
    found: (count: number) => some(count, { one: "# result", other: "# results" }),
  },
  where: {
    atSun: "At the Sun",
    fromSun: (distance: string) => `${distance} from the Sun`,
    line: (where: string, speed: string) => `${where}   ·   speed ${speed}`,
    at: (name: string) => `At ${name}`,
    towards: (constellation: string) => `Looking to ${constellation}`,
    inView: (names: string) => `In view: ${names}`,
    nothing: "Nothing with a name is in view",
  },
  exposure: {
    limit: (magnitude: string) => `mag ${magnitude}`,
    value: (stops: string, magnitude: string) => `${stops} stops, stars to magnitude ${magnitude}`,
  },
  looks: {
    group: "View",
    night: "Red light for dark nights (R)",
    full: "Whole screen (F)",
    noFull: "This browser does not let the page fill the screen.",
  },
  show: {
    button: "Show",
    title: "What is drawn over the sky (C: constellations)",
    absent: "not in this site",
    names: "Names",
    constellations: "Constellations",
    equatorial: "Equatorial grid",
    ecliptic: "Ecliptic grid",
    galactic: "Galactic grid",
    rings: "Distance rings",
    scale: "Scale bar",
    compass: "Arrows to Sun and goal",
    sizeAt: (size: string, place: string) => `${size} at ${place}`,
    noCanvas: "This browser has no 2D canvas, which the chart is drawn on.",
  },
  panel: {
    label: "What you pointed at",
    fly: "Fly there",
    close: "Close",
    called: "Also called",
    number: "Catalogue number",
    magnitude: "Magnitude (G)",
    fromSun: (text: string) => `${text} from the Sun`,
    fromHere: (text: string) => `${text} from here`,
    color: "Colour",
    kelvin: (kelvin: string) => `about ${kelvin} K`,
    noColor: "not measured",
    distance: "Distance",
    between: (low: string, high: string) => `probably ${low} to ${high} pc`,
    speed: "Motion",
    kmS: (speed: string) => `${speed} km/s past the Sun`,
    constellation: "Constellation",
    about: "About",
    loading: "Looking it up…",
  },
  tours: {
    button: "Tours",
    title: "Be flown from place to place",
    unknown: (name: string) => `This site has no tour called “${name}”.`,
    label: (title: string) => `Tour: ${title}`,
    of: (stop: number, stops: number) => `${stop} of ${stops}`,
    progress: "Stops",
    previous: "Previous",
    next: "Next",
    play: "Play",
    pause: "Pause",
    again: "Again",
    leave: "Leave",
  },
  points: {
    drop: "Drop tables of stars here: CSV with ra, dec and parallax or distance",
    choose: "Add stars from a file…",
    added: (file: string, points: number) => `${file}: ${some(points, { one: "# star", other: "# stars" })}`,
    remove: (file: string) => `Remove ${file}`,
    unnamed: (file: string, line: number) => `Line ${line} of ${file}`,
    more: "And",
    moreColumns: (columns: number) => some(columns, { one: "# column more", other: "# columns more" }),
    address: (address: string) => `“${address}” is no address of a table.`,
    large: (file: string, megabytes: number) => `${file} is larger than ${megabytes} MB.`,
    damaged: (file: string) => `${file} is damaged: it does not unpack.`,
    encoding: (file: string) => `${file} is no text in UTF-8: save it as CSV in UTF-8.`,
    foreign: (why: string) => `${why}. Its host may not let other pages read it (CORS).`,
    open: (file: string, line: number) => `${file} line ${line}: a quotation mark is not closed`,
    empty: (file: string) => `${file} has no rows.`,
    binary: (file: string) => `${file} is no table of text.`,
    tooMany: (file: string, rows: string) => `${file} has more than ${rows} rows.`,
    columns: (file: string, has: string) =>
      `${file} does not say where its stars are: it needs the columns ra, dec and parallax or distance, or x, y and z. It has ${has}.`,
    twice: (file: string, column: string) => `${file} has two columns ${column}.`,
    rows: (file: string, left: string, all: string, line: number, why: string) =>
      `${file}: ${left} of ${all} rows cannot be shown. The first, line ${line}: ${why}`,
    colors: (file: string, count: string, line: number, color: string) =>
      `${file}: ${count} colours are not known, and drawn as if there were none. The first, line ${line}: “${color}”`,
    count: (has: number, header: number) => `it has ${has} values, the header ${header}`,
    missing: (column: string) => `no ${column}`,
    number: (column: string, value: string) => `${column} “${value}” is no number`,
    range: (column: string, value: number) => `${column} ${value} is out of range`,
    positive: (column: string, value: number) => `${column} ${value} is not above 0`,
  },
  gyro: {
    look: "Look by moving the phone",
    denied: "This browser was not allowed to tell how the phone is moved.",
  },
  xr: {
    enter: "Enter VR",
    refused: (why: string) => `The headset cannot show the sky: ${why}`,
  },
  time: {
    button: "Time",
    title: "Play the motions of the stars (T)",
    damaged: 'site.json is damaged: "epoch" must be a year',
    label: "Time",
    date: "Date of the stars",
    back: "Slower, then back",
    play: "Play",
    pause: "Pause",
    on: "Faster",
    now: "Now",
    epoch: "Reset",
    epochTitle: (date: string) => `The date of this sky: ${date}`,
    close: "Close",
    real: "real time",
    day: "1 day a second",
    month: "1 month a second",
    years: (years: number) => some(years, { one: "# year a second", other: "# years a second" }),
    backwards: (rate: string) => `back, ${rate}`,
    none: "The stars of this sky stand still: it was made without their motions.",
    straight: "Stars move in straight lines; a speed towards us that is not known counts as none.",
    clouds: "Light that stands for many stars stays.",
    invalid: (text: string, first: string, last: string) =>
      `“${text}” is no date: type one as 2026-11-29, or a year from ${first} to ${last}.`,
  },
};

/** What each language says. */
export type Texts = typeof en;
export default en;
