/** The button "Look by moving the phone", where the device tells how it is held. */
import { signButton } from "../buttons.ts";
import { messageOf } from "../errors.ts";
import { showNotice } from "../notices.ts";
import { TEXT } from "../text/text.ts";
import type { Gyro, Turned } from "./gyro.ts";

const SIGN = `<rect x="5" y="2.5" width="6" height="11" rx="1.2" /><path d="M2.5 5.5a6 6 0 0 0 0 5M13.5 5.5a6 6 0 0 1 0 5" />`;

/** Some browsers tell only those who asked, in a tap, and were allowed. */
type Asked = typeof DeviceOrientationEvent & { requestPermission?(): Promise<"granted" | "denied"> };

/** Puts the button into `box` once the device has told how it is held, or where that must be asked for. */
export function connectGyro(app: Turned, box: HTMLElement): void {
  const events = window.DeviceOrientationEvent as Asked | undefined;
  if (!events) return;
  if (events.requestPermission && navigator.maxTouchPoints > 0) {
    offer(app, box, () => events.requestPermission?.() ?? Promise.resolve("granted"));
    return;
  }
  const wait = ({ alpha }: DeviceOrientationEvent): void => {
    if (alpha === null) return; // of a device without such sensors
    window.removeEventListener("deviceorientation", wait);
    offer(app, box, () => Promise.resolve("granted"));
  };
  window.addEventListener("deviceorientation", wait);
}

function offer(app: Turned, box: HTMLElement, ask: () => Promise<"granted" | "denied">): void {
  let gyro: Gyro | null = null;
  let on = false;
  const move = (event: DeviceOrientationEvent) => gyro?.move(event, window.screen.orientation?.angle ?? 0);
  const begin = () => gyro?.begin();
  const button = signButton("gyro-button", TEXT.gyro.look, SIGN);
  const set = (wanted: boolean): void => {
    on = wanted;
    button.setAttribute("aria-pressed", String(on));
    const change = on ? "addEventListener" : "removeEventListener";
    window[change]("deviceorientation", move as EventListener);
    window.screen.orientation?.[change]("change", begin);
    document[change]("visibilitychange", begin); // who looks again holds it otherwise
    begin();
  };
  const start = async (): Promise<void> => {
    try {
      const answer = ask(); // within the tap
      const { Gyro } = await import("./gyro.ts");
      if ((await answer) === "granted") {
        gyro ??= new Gyro(app);
        set(true);
      } else showNotice(TEXT.gyro.denied);
    } catch (reason) {
      showNotice(messageOf(reason));
    }
  };
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => (on ? set(false) : void start()));
  box.append(button);
}
