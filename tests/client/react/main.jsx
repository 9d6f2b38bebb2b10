// A page that mounts and unmounts the widget, as docs/tutorial/embed-in-five-minutes.md says. React keeps `key` for itself: `data-key`.
import { StrictMode, useCallback, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";

const { VITE_PORTAL: PORTAL, VITE_KEY: KEY } = import.meta.env;

function Help({ locale, onAnswer }) {
  const widget = useRef(null);
  useEffect(() => {
    const element = widget.current;
    const told = (event) => onAnswer(event.detail.text);
    element.addEventListener("polyfaq:answer", told);
    return () => element.removeEventListener("polyfaq:answer", told);
  }, [onAnswer]);
  return <polyfaq-widget ref={widget} data-key={KEY} mode="inline" locale={locale} />;
}

function Shop() {
  const [shown, show] = useState(false);
  const [locale, speak] = useState("en");
  const [answers, add] = useState([]);
  const heard = useCallback((text) => add((before) => [...before, text]), []);
  return (
    <main>
      <h1>Shop</h1>
      <button onClick={() => show(!shown)}>Help</button>
      <button onClick={() => speak("ar")}>Arabic</button>
      <p id="heard">{answers.length}</p>
      {shown && <Help locale={locale} onAnswer={heard} />}
    </main>
  );
}

const script = document.createElement("script");
script.src = `${PORTAL}/static/widget/polyfaq-widget.js`;
document.head.append(script);
createRoot(document.getElementById("app")).render(<StrictMode><Shop /></StrictMode>);
