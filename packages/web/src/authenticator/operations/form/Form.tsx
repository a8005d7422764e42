import {
  detailVisual,
  type OperationCellVisual,
  type OperationSectionVisual,
  type UserOperation,
} from "@countersign/client/mobile-token";
import { AttributeRow } from "./AttributeRow.tsx";
import "./form.css";

/** All of an operation that is signed, laid out as its templates wish. */
export function Form({ operation }: { readonly operation: UserOperation }) {
  const { message, sections } = detailVisual(operation);
  return (
    <div class="form">
      {message !== undefined && message !== "" && <p class="form-message">{message}</p>}
      {sections.map((section, index) => (
        <Section key={index} section={section} />
      ))}
    </div>
  );
}

function Section({ section: { title, cells } }: { readonly section: OperationSectionVisual }) {
  return (
    <section class="form-section card">
      {title !== undefined && <h2>{title}</h2>}
      <Cells cells={cells} />
    </section>
  );
}

function Cells({ cells }: { readonly cells: readonly OperationCellVisual[] }) {
  return (
    <div class="form-rows">
      {cells.map((cell, index) => (
        <AttributeRow key={`${index} ${cell.name}`} cell={cell} />
      ))}
    </div>
  );
}
