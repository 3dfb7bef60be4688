/** <step-images>: pictures of one name, of which a slider shows one step; without it, all of them. */
class StepImages extends HTMLElement {
  connectedCallback() {
    const shots = [...this.querySelectorAll("[data-shot]")];
    const slider = this.querySelector(".slider");
    const show = () => shots.forEach((shot, n) => (shot.hidden = n !== Number(slider.control.value)));
    slider.hidden = shots.length < 2;
    slider.addEventListener("input", show);
    show();
  }
}

customElements.define("step-images", StepImages);
