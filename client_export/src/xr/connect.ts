/** The button "Enter VR", where a headset is at hand. */
import { signButton } from "../buttons.ts";
import { messageOf } from "../errors.ts";
import { showNotice } from "../notices.ts";
import { TEXT } from "../text/text.ts";
import type { XrSession, XrSystem } from "./device.ts";
import type { Immersed } from "./immersion.ts";

const SIGN = `<path d="M2 4.5h12v7h-3.6L9 9.5H7l-1.4 2H2z" />`;

/** Puts the button into `box` once it is known that the device can show a sky to both eyes. */
export async function connectXr(app: Immersed, box: HTMLElement): Promise<void> {
  const device = navigator.xr;
  if (!device || !(await isAble(device))) return;
  const code = import("./immersion.ts");
  code.catch(() => undefined); // told to who asks for it
  const button = signButton("xr-button", TEXT.xr.enter, SIGN);
  let session: XrSession | null = null;
  const enter = async (): Promise<void> => {
    try {
      session = await (await code).Immersion.enter(app, device);
      button.setAttribute("aria-pressed", "true");
      session.addEventListener("end", () => {
        session = null;
        button.setAttribute("aria-pressed", "false");
      });
    } catch (reason) {
      showNotice(TEXT.xr.refused(messageOf(reason)));
    }
  };
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => void (session ? session.end() : enter()));
  box.append(button);
}

/** A page in a frame may be forbidden to ask: it has no headset then. */
async function isAble(device: XrSystem): Promise<boolean> {
  try {
    return await device.isSessionSupported("immersive-vr");
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "SecurityError") return false;
    throw reason;
  }
}
