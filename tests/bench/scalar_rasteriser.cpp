// A scalar rasteriser for the benchmark, of the kind that CPU trainers have: splats front to back over the pixels of
// their boxes, one pixel at a time, each pixel keeping a list of what it has met; backward, each pixel's list from its
// end. g++ -O2 -shared -fPIC.
#include <algorithm>
#include <cmath>
#include <vector>

struct Picture {
    int width, height;
    std::vector<std::vector<int>> met;
    std::vector<float> passing;
};

static const float kAlphaMin = 1.0f / 255.0f, kAlphaMax = 0.999f, kPassingMin = 1e-4f;

extern "C" Picture *draw(int count, int width, int height, const long *order, const float *centre, const int *radius,
                         const float *conic, const float *peak, const float *color, float *image) {
    Picture *p = new Picture{width, height, std::vector<std::vector<int>>(width * height),
                             std::vector<float>(width * height, 1.0f)};
    std::vector<char> done(width * height, 0);
    for (int k = 0; k < count; k++) {
        int i = (int)order[k];
        if (radius[2 * i] <= 0 || radius[2 * i + 1] <= 0) continue;
        float x = centre[2 * i], y = centre[2 * i + 1];
        int x0 = std::max(0, (int)(x - radius[2 * i])), x1 = std::min(width, (int)(x + radius[2 * i]) + 1);
        int y0 = std::max(0, (int)(y - radius[2 * i + 1])), y1 = std::min(height, (int)(y + radius[2 * i + 1]) + 1);
        for (int py = y0; py < y1; py++)
            for (int px = x0; px < x1; px++) {
                int at = py * width + px;
                if (done[at]) continue;
                float dx = px + 0.5f - x, dy = py + 0.5f - y;
                float power = 0.5f * (conic[3 * i] * dx * dx + conic[3 * i + 2] * dy * dy) + conic[3 * i + 1] * dx * dy;
                float alpha = std::min(kAlphaMax, peak[i] * std::exp(-power));
                if (alpha < kAlphaMin) continue;
                float after = p->passing[at] * (1.0f - alpha);
                if (after <= kPassingMin) {
                    done[at] = 1;
                    continue;
                }
                float weight = p->passing[at] * alpha;
                for (int c = 0; c < 3; c++) image[3 * at + c] += weight * color[3 * i + c];
                p->passing[at] = after;
                p->met[at].push_back(i);
            }
    }
    return p;
}

extern "C" void gradients(Picture *p, const float *centre, const float *conic, const float *peak, const float *color,
                          const float *asked, float *d_centre, float *d_conic, float *d_peak, float *d_color) {
    for (int at = 0; at < p->width * p->height; at++) {
        float passing = p->passing[at], behind[3] = {0, 0, 0};
        const float *d = asked + 3 * at;
        float px = at % p->width + 0.5f, py = at / p->width + 0.5f;
        for (int k = (int)p->met[at].size() - 1; k >= 0; k--) {
            int i = p->met[at][k];
            float dx = px - centre[2 * i], dy = py - centre[2 * i + 1];
            float power = 0.5f * (conic[3 * i] * dx * dx + conic[3 * i + 2] * dy * dy) + conic[3 * i + 1] * dx * dy;
            float shape = std::exp(-power), full = peak[i] * shape, alpha = std::min(kAlphaMax, full);
            float back = 1.0f / (1.0f - alpha);
            passing *= back;
            float weight = alpha * passing, d_alpha = 0;
            for (int c = 0; c < 3; c++) {
                d_color[3 * i + c] += weight * d[c];
                d_alpha += (color[3 * i + c] * passing - behind[c] * back) * d[c];
                behind[c] += color[3 * i + c] * weight;
            }
            if (full > kAlphaMax) continue;
            float d_power = -full * d_alpha;
            d_peak[i] += shape * d_alpha;
            d_conic[3 * i] += 0.5f * d_power * dx * dx;
            d_conic[3 * i + 1] += d_power * dx * dy;
            d_conic[3 * i + 2] += 0.5f * d_power * dy * dy;
            d_centre[2 * i] -= d_power * (conic[3 * i] * dx + conic[3 * i + 1] * dy);
            d_centre[2 * i + 1] -= d_power * (conic[3 * i + 1] * dx + conic[3 * i + 2] * dy);
        }
    }
    delete p;
}
